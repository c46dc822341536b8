package io.veloz.wal.internal.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SegmentMakerTest {
    private static final int MIB = 1024 * 1024;
    private static final int SEGMENT_BYTES = 16 * MIB;
    private static final SegmentNames NAMES = new SegmentNames("orders");

    private final FaultStorage storage = new FaultStorage(new HeapStorage());

    private StorageFile fill(SegmentMaker.Pace pace) throws IOException {
        SegmentHeader header = new SegmentHeader(new LogId(1, 2), 1, 3, SEGMENT_BYTES, 4096, 0).prepared();
        return SegmentMaker.fill(storage, NAMES, header, pace).file();
    }

    private long forces() {
        return storage.calls().stream()
                .filter(call -> call.operation() == Operation.FORCE)
                .count();
    }

    @Test
    void segmentThatIsNeededNowIsForcedInPiecesOfFourMebibytes() throws IOException {
        fill(SegmentMaker.Pace.FAST).close();
        assertThat(forces()).isLessThanOrEqualTo(SEGMENT_BYTES / (4 * MIB) + 1);
    }

    @Test
    void segmentThatIsFilledInAdvanceIsForcedAfterEachChunk() throws IOException {
        List<Long> filled = new ArrayList<>();
        fill((filledBytes, nanos) -> {
                    filled.add(filledBytes);
                    assertThat(forces()).isEqualTo(filled.size());
                    return false;
                })
                .close();
        assertThat(filled).isSorted().endsWith((long) SEGMENT_BYTES);
    }

    @Test
    void segmentThatIsNeededEarlierIsSmallerAndStatesItsSize() throws Exception {
        SegmentHeader header = new SegmentHeader(new LogId(1, 2), 1, 3, SEGMENT_BYTES, 4096, 0).prepared();
        SegmentMaker.Filled filled = SegmentMaker.fill(storage, NAMES, header, new SegmentMaker.Pace() {
            @Override
            public boolean isFast(long filledBytes, long chunkNanos) {
                return true;
            }

            @Override
            public boolean isEnough(long filledBytes) {
                return filledBytes >= 4 * MIB;
            }
        });
        try (StorageFile file = filled.file()) {
            ByteBuffer page = ByteBuffer.allocate(SegmentHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            file.readFully(page, 0);
            assertThat(file.size()).isBetween(4L * MIB, 5L * MIB);
            assertThat(filled.header().segmentBytes()).isEqualTo(file.size());
            assertThat(SegmentHeader.decode(page, SegmentHeader.BYTES)).isEqualTo(filled.header());
        }
    }

    @Test
    void nothingIsUnforcedWhenTheSegmentIsComplete() throws IOException {
        fill((filledBytes, nanos) -> filledBytes < SEGMENT_BYTES / 2 || filledBytes > SEGMENT_BYTES - MIB)
                .close();
        List<Operation> last = storage.calls().stream()
                .map(FaultStorage.Call::operation)
                .filter(operation -> operation == Operation.WRITE || operation == Operation.FORCE)
                .toList();
        assertThat(last).endsWith(Operation.FORCE);
    }

    @Test
    void segmentHasItsFullLengthAndZerosAfterTheHeaderPage() throws IOException {
        try (StorageFile file = fill(SegmentMaker.Pace.FAST)) {
            assertThat(file.size()).isEqualTo(SEGMENT_BYTES);
            ByteBuffer bytes = ByteBuffer.allocate(SEGMENT_BYTES - SegmentHeader.BYTES);
            file.readFully(bytes, SegmentHeader.BYTES);
            assertThat(bytes.flip().mismatch(ByteBuffer.allocate(bytes.limit())))
                    .isEqualTo(-1);
        }
    }
}
