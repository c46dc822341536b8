package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Objects that are fetched in ranges, and connections that break in the middle of an object. */
@Timeout(60)
class LargeObjectTest {
    private static final String KEY = "segments/large";
    private static final int MIB = 1024 * 1024;

    private static byte[] file;
    private static byte[] object;

    private final HeapStore store = new HeapStore();
    private final ExecutorService threads = Executors.newFixedThreadPool(4);

    @BeforeAll
    static void make() {
        file = new byte[18 * MIB];
        new Random(1).nextBytes(file);
        object = Lz4Frames.compress(file);
        assertThat(object).hasSizeGreaterThan(4 * RangedObjects.RANGE_BYTES);
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private static StoredFile expected() {
        return new StoredFile(KEY, object.length, Digest.of(object), file.length, Digest.of(file));
    }

    private byte[] read(ObjectStore from, boolean inRanges) throws IOException {
        return read(from, inRanges, ObjectFiles::read, expected());
    }

    /** Reads an object completely checked, or only its file. */
    private interface Way {
        void read(ObjectFiles objects, StoredFile expected, ObjectFiles.Sink sink) throws IOException;
    }

    private byte[] read(ObjectStore from, boolean inRanges, Way way, StoredFile expected) throws IOException {
        ObjectFiles objects = new ObjectFiles(from, new Retries(n -> {}), Long.MAX_VALUE);
        if (inRanges) {
            objects.fetchInRanges(new ObjectFiles.Ranges(threads, 3));
        }
        ByteArrayOutputStream sink = new ByteArrayOutputStream();
        way.read(objects, expected, new ObjectFiles.Sink() {
            @Override
            public void restart() {
                sink.reset();
            }

            @Override
            public void rewind(long position) {
                throw new AssertionError("one object");
            }

            @Override
            public void write(byte[] bytes, int length) {
                sink.write(bytes, 0, length);
            }
        });
        return sink.toByteArray();
    }

    @Test
    void rangesAreJoined() throws IOException {
        store.damage(KEY, object);
        HeapStore client = store.client(HeapStore.Plan.NONE);
        assertThat(read(client, true)).isEqualTo(file);
        assertThat(client.requests()).isEqualTo((object.length - 1) / RangedObjects.RANGE_BYTES + 1);
    }

    @Test
    void rangeThatFailsIsFetchedAgainAlone() throws IOException {
        store.damage(KEY, object);
        HeapStore client = store.client(request -> request.number() <= 3 ? Fault.FAIL : null);
        assertThat(read(client, true)).isEqualTo(file);
        assertThat(client.requests()).isEqualTo((object.length - 1) / RangedObjects.RANGE_BYTES + 1 + 3);
    }

    @Test
    void storeThatStaysUnavailableReceivesABoundedNumberOfRequests() {
        store.damage(KEY, object);
        HeapStore client = store.client(request -> Fault.FAIL);
        assertThatThrownBy(() -> read(client, true)).isInstanceOf(StoreException.class);
        threads.shutdown();
        assertThat(client.requests()).isLessThanOrEqualTo(3L * Retries.ATTEMPTS);
    }

    @Test
    void shorterLongerAndDamagedObjectsAreDetected() {
        byte[] flipped = object.clone();
        flipped[object.length / 2] ^= 1;
        List<byte[]> wrong = List.of(
                Arrays.copyOf(object, object.length - 1),
                Arrays.copyOf(object, object.length / 2),
                Arrays.copyOf(object, object.length + 1),
                flipped);
        for (byte[] bytes : wrong) {
            store.damage(KEY, bytes);
            assertThatThrownBy(() -> read(store, true)).isInstanceOf(BadObjectException.class);
            assertThatThrownBy(() -> read(store, false)).isInstanceOf(BadObjectException.class);
            assertThatThrownBy(() -> read(store, false, ObjectFiles::fetch, expected()))
                    .isInstanceOf(BadObjectException.class);
        }
    }

    /** A restore needs the digest of the file only. */
    @Test
    void digestOfTheObjectIsComputedToVerifyItOnly() throws IOException {
        store.damage(KEY, object);
        StoredFile other = new StoredFile(KEY, object.length, Digest.NONE, file.length, Digest.of(file));
        assertThat(read(store, false, ObjectFiles::fetch, other)).isEqualTo(file);
        assertThatThrownBy(() -> read(store, false, ObjectFiles::read, other))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("SHA-256 mismatch");
    }

    @Test
    void everyDamagedByteOfAFetchedObjectIsDetected() throws IOException {
        byte[] small = "some text, some text, some text, some text".getBytes(StandardCharsets.US_ASCII);
        byte[] packed = Lz4Frames.compress(small);
        StoredFile expected = new StoredFile(KEY, packed.length, Digest.of(packed), small.length, Digest.of(small));
        for (int i = 0; i < packed.length - 4; i++) {
            byte[] damaged = packed.clone();
            damaged[i] ^= 1;
            store.damage(KEY, damaged);
            try {
                assertThat(read(store, false, ObjectFiles::fetch, expected)).isEqualTo(small);
            } catch (BadObjectException e) {
                assertThat(e).hasMessageContaining(KEY);
            }
        }
    }

    @Test
    void objectContinuesWhereItsConnectionBroke() throws IOException {
        store.damage(KEY, object);
        BreakingStore breaking = new BreakingStore(store, 5 * MIB);
        assertThat(read(breaking, false)).isEqualTo(file);
        assertThat(breaking.from).containsExactly(0L, 5L * MIB, 10L * MIB, 15L * MIB);
    }

    @Test
    void connectionThatDeliversAlmostNothingIsNotContinuedForEver() {
        store.damage(KEY, object);
        BreakingStore breaking = new BreakingStore(store, 1000);
        assertThatThrownBy(() -> read(breaking, false))
                .isInstanceOf(IOException.class)
                .hasMessage("reset");
        assertThat(breaking.from).hasSize(Retries.ATTEMPTS).containsOnly(0L);
    }

    @Test
    void requestThatContinuesAnObjectIsRepeatedAlone() throws IOException {
        store.damage(KEY, object);
        boolean[] hasFailed = {false};
        HeapStore client = store.client(request -> {
            boolean fails = request.number() > 1 && !hasFailed[0];
            hasFailed[0] |= fails;
            return fails ? Fault.FAIL : null;
        });
        BreakingStore breaking = new BreakingStore(client, 5 * MIB);
        assertThat(read(breaking, false)).isEqualTo(file);
        assertThat(breaking.from).containsExactly(0L, 5L * MIB, 5L * MIB, 10L * MIB, 15L * MIB);
    }

    @Test
    void failureOfTheStoreIsNotReportedAsADamagedObject() {
        store.damage(KEY, object);
        BreakingStore breaking = new BreakingStore(store, 5 * MIB) {
            @Override
            IOException failure() {
                throw new IllegalStateException("the client was closed");
            }
        };
        assertThatThrownBy(() -> read(breaking, false))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the client was closed");
    }

    /** Each of its streams breaks after some bytes. */
    private static class BreakingStore implements ObjectStore {
        final List<Long> from = new ArrayList<>();
        private final ObjectStore store;
        private final int after;

        BreakingStore(ObjectStore store, int after) {
            this.store = store;
            this.after = after;
        }

        IOException failure() {
            return new IOException("reset");
        }

        @Override
        public InputStream get(String key) throws StoreException {
            return get(key, 0, Long.MAX_VALUE);
        }

        @Override
        public InputStream get(String key, long begin, long length) throws StoreException {
            from.add(begin);
            return new FilterInputStream(store.get(key, begin, length)) {
                private int left = after;

                @Override
                public int read(byte[] target, int at, int wanted) throws IOException {
                    if (left == 0) {
                        throw failure();
                    }
                    int got = super.read(target, at, Math.min(wanted, left));
                    left -= Math.max(0, got);
                    return got;
                }
            };
        }

        @Override
        public String describe() {
            return store.describe();
        }

        @Override
        public boolean putIfAbsent(String key, ObjectContent content) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<StoredObject> head(String key) throws StoreException {
            return store.head(key);
        }

        @Override
        public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
            return store.list(prefix, afterKey);
        }

        @Override
        public void delete(List<String> keys) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}
