package io.veloz.wal.internal.replay;

import static io.veloz.wal.fault.Logs.start;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OpenSegmentTest {
    private static final LogId LOG = new LogId(1, 2);

    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);
    private final SegmentNames names = new SegmentNames("orders");

    /** A reader took a whole log for a damaged one. */
    @Test
    void segmentThatIsRenamedWhileItIsLookedForIsFound() throws Exception {
        create(names.current(), 1);
        create(names.prepared(), 2);
        Hold hold = storage.hold(Operation.OPEN_FOR_READING, names.prepared()::equals);
        CompletableFuture<Long> found = start(() -> {
            try (OpenSegment segment = OpenSegment.find(storage, names, LOG, 2)) {
                return segment == null ? -1L : segment.header.number();
            }
        });
        hold.awaitEntered();
        heap.rename(names.current(), names.sealed(1));
        heap.rename(names.prepared(), names.current());
        hold.release();
        assertThat(found.get(30, TimeUnit.SECONDS)).isEqualTo(2);
    }

    private void create(String name, long number) throws IOException {
        try (StorageFile file = heap.create(name)) {
            file.writeFully(new SegmentHeader(LOG, number, number, 16 * 1024, 4 * 1024, 0).encode(), 0);
        }
    }
}
