package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.HeapStore.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fetch of a file that is stored in parts. */
@Timeout(60)
class LargePartsTest {
    private static final String KEY = ArchiveKeys.segment("orders", 1, 1);
    private static final int MIB = 1024 * 1024;
    private static final int PARTS = 3;
    private static final int PART_BYTES = 5 * MIB;

    private final HeapStore store = new HeapStore();
    private final List<String> requested = new ArrayList<>();
    private final ExecutorService threads = Executors.newFixedThreadPool(4);
    private final byte[] file = new byte[PARTS * PART_BYTES - 1000];
    private StoredFile stored;

    @BeforeEach
    void make() {
        new Random(1).nextBytes(file);
        List<StoredFrame> frames = new ArrayList<>();
        long bytes = 0;
        for (int number = 1; number <= PARTS; number++) {
            int from = (number - 1) * PART_BYTES;
            byte[] part = Arrays.copyOfRange(file, from, Math.min(file.length, from + PART_BYTES));
            byte[] object = Lz4Frames.compress(part);
            String key = ArchiveKeys.part(KEY, number, PARTS);
            store.damage(key, object);
            frames.add(new StoredFrame(key, object.length, Digest.of(object), part.length, null));
            bytes += object.length;
        }
        stored = new StoredFile(KEY, bytes, StoredFrame.digest(frames), file.length, Digest.of(file), null, frames);
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /** Receives the file, and counts how often it begins. */
    private static final class Received implements ObjectFiles.Sink {
        final byte[] bytes = new byte[PARTS * PART_BYTES];
        final List<Long> begun = new ArrayList<>();
        int position;

        @Override
        public void restart() {
            rewind(0);
        }

        @Override
        public void rewind(long to) {
            begun.add(to);
            position = (int) to;
        }

        @Override
        public void write(byte[] chunk, int length) {
            System.arraycopy(chunk, 0, bytes, position, length);
            position += length;
        }
    }

    private Received read(Plan plan, boolean inRanges) throws IOException {
        Plan recording = request -> {
            requested.add(request.key());
            return plan.faultIn(request);
        };
        ObjectFiles objects = new ObjectFiles(store.client(recording), new Retries(n -> {}), Long.MAX_VALUE);
        if (inRanges) {
            objects.fetchInRanges(new ObjectFiles.Ranges(threads, 3));
        }
        Received received = new Received();
        objects.read(stored, received);
        return received;
    }

    private void assertIsFile(Received received) {
        assertThat(received.position).isEqualTo(file.length);
        assertThat(Arrays.copyOf(received.bytes, file.length)).isEqualTo(file);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void partsAreJoined(boolean inRanges) throws IOException {
        Received received = read(Plan.NONE, inRanges);
        assertIsFile(received);
        assertThat(received.begun).containsExactly(0L, (long) PART_BYTES, 2L * PART_BYTES);
        assertThat(requested).hasSize(inRanges ? 2 * PARTS : PARTS);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void partThatFailsIsFetchedAgainWithoutTheOthers(boolean inRanges) throws IOException {
        boolean[] failed = new boolean[1];
        Plan once = request -> {
            boolean fails = !failed[0] && isGetOf(request, 2);
            failed[0] |= fails;
            return fails ? Fault.FAIL : null;
        };
        assertIsFile(read(once, inRanges));
        assertThat(requested).hasSize((inRanges ? 2 * PARTS : PARTS) + 1);
    }

    private static boolean isGetOf(Request request, int part) {
        return request.kind() == Kind.GET && request.key().equals(ArchiveKeys.part(KEY, part, PARTS));
    }

    /** Damage in transit: the next attempt receives the stored bytes. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void damagedPartIsWrittenAgainWithoutTheOthers(boolean inRanges) throws IOException {
        String key = ArchiveKeys.part(KEY, 2, PARTS);
        byte[] good = Objects.requireNonNull(store.objects().get(key));
        byte[] bad = good.clone();
        bad[bad.length / 3] ^= 1;
        store.damage(key, bad);
        int perPart = inRanges ? 2 : 1;
        int[] gets = new int[1];
        Plan mended = request -> {
            if (isGetOf(request, 2) && ++gets[0] > perPart) {
                store.damage(key, good);
            }
            return null;
        };
        Received received = read(mended, inRanges);
        assertIsFile(received);
        assertThat(received.begun).containsExactly(0L, (long) PART_BYTES, (long) PART_BYTES, 2L * PART_BYTES);
        assertThat(requested.stream().filter(name -> name.equals(ArchiveKeys.part(KEY, 1, PARTS))))
                .hasSize(perPart);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void missingPartIsNamed(boolean inRanges) {
        String key = ArchiveKeys.part(KEY, 3, PARTS);
        store.remove(key);
        assertThatThrownBy(() -> read(Plan.NONE, inRanges))
                .isInstanceOf(BadObjectException.class)
                .hasMessage("heap:store/" + key + ": the object is missing");
    }

    /** Each part has its stated digest, and the file has another one. */
    @Test
    void otherFileIsRefused() {
        stored = new StoredFile(
                KEY,
                stored.objectBytes(),
                stored.objectSha256(),
                stored.fileBytes(),
                Digest.NONE,
                null,
                stored.parts());
        assertThatThrownBy(() -> read(Plan.NONE, false))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("file SHA-256 mismatch in heap:store/" + KEY);
    }
}
