package io.veloz.wal.archive.internal.read;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Request;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which parts of a segment a reader requests, and keeps. Decoded pieces are not cached. */
@Timeout(60)
class PartsFileTest {
    private static final int PART_BYTES = 4096;

    @TempDir
    Path dir;

    private final List<String> requested = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch third = new CountDownLatch(1);
    private List<String> parts = List.of();
    private ArchiveStorage storage;
    private StorageFile file;

    @BeforeEach
    void open() throws IOException {
        HeapStore store = new HeapStore().with(EncryptionKeys.NONE);
        try (Wal wal = SmallLog.open(dir.resolve("log"), 64 * 1024);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, store, PART_BYTES)) {
            SmallLog.append(wal, 800);
            // Returns when the full segments are sealed.
            wal.roll();
            shipper.ship();
        }
        parts = store.objects().keySet().stream()
                .filter(key -> key.contains("_0000000000000001.") && key.contains(".p"))
                .toList();
        assertThat(parts).hasSizeGreaterThan(8);
        HeapStore client = store.client(request -> {
            record(request);
            return null;
        });
        storage = new ArchiveStorage(client, new Retries(attempt -> {}), 0, 8 << 20, 16 << 20);
        file = storage.openForReading(storage.list().get(0));
    }

    private void record(Request request) {
        if (request.kind() == Kind.GET && request.key().startsWith(ArchiveKeys.SEGMENTS)) {
            requested.add(request.key());
            if (request.key().equals(parts.get(2))) {
                third.countDown();
            }
        }
    }

    @AfterEach
    void close() throws IOException {
        file.close();
        storage.close();
    }

    private void readPart(int index) throws IOException {
        assertThat(file.read(ByteBuffer.allocate(1), (long) index * PART_BYTES)).isEqualTo(1);
    }

    @Test
    void partThatWasLeftIsNotKept() throws IOException {
        readPart(5);
        readPart(2);
        readPart(5);
        assertThat(requested).filteredOn(parts.get(5)::equals).hasSize(2);
    }

    @Test
    void readerThatJumpsFetchesNothingAhead() throws IOException {
        readPart(5);
        readPart(3);
        readPart(0);
        readPart(7);
        assertThat(requested).containsExactly(parts.get(5), parts.get(3), parts.get(0), parts.get(7));
    }

    @Test
    void readerOfTheNextPartFetchesAhead() throws Exception {
        readPart(0);
        readPart(1);
        assertThat(third.await(30, TimeUnit.SECONDS)).isTrue();
    }
}
