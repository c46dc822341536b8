package io.veloz.wal.archive.internal.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.index.IndexEntries;
import io.veloz.wal.archive.internal.index.IndexRange;
import io.veloz.wal.archive.internal.index.IndexRange.Part;
import io.veloz.wal.archive.internal.index.KeyHash;
import io.veloz.wal.archive.internal.index.SegmentIndex;
import io.veloz.wal.archive.internal.index.TestEntries;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.read.MeteredStore;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.RecordKeys;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Searches of indexes whose segments need not exist. */
class IndexSearchTest {
    private static final String LOG = "ab".repeat(16);
    private static final Retries RETRIES = new Retries(attempt -> {});
    private static final RecordKeys KEYS = new RecordKeys() {
        @Override
        public String name() {
            return "test";
        }

        @Override
        public void find(int type, ByteBuffer payload, Consumer<byte[]> keys) {}
    };

    private final HeapStore store = new HeapStore();
    private final MeteredStore metered = new MeteredStore(store);

    private static byte[] key(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Segments with 1,000 records each. */
    private static List<Part> parts(long from, long to) {
        return LongStream.rangeClosed(from, to)
                .mapToObj(number -> new Part(
                        number,
                        number * 1000,
                        number * 1000 + 999,
                        new StoredFile(
                                ArchiveKeys.segment("orders", number, 1),
                                10,
                                Digest.of(key("object " + number)),
                                10,
                                Digest.NONE)))
                .toList();
    }

    /** Each segment contains the key of its number, and the common one. */
    private static IndexEntries entries(Part part) {
        KeyHash hash = new KeyHash(LOG);
        List<long[]> entries = new ArrayList<>();
        entries.add(new long[] {hash.of(key("order " + part.number())), part.firstSequence() + 7});
        entries.add(new long[] {hash.of(key("common")), part.firstSequence() + 9});
        Random random = new Random(part.number());
        for (int i = 0; i < 40; i++) {
            entries.add(new long[] {random.nextLong(), part.firstSequence() + i});
        }
        entries.sort((one, other) -> Long.compareUnsigned(one[0], other[0]));
        return new TestEntries(entries);
    }

    private void index(Collection<Part> parts) throws IOException {
        for (Part part : parts) {
            SegmentIndex.put(store, DataKeys.none(), range(List.of(part)), entries(part));
        }
    }

    private static IndexRange range(List<Part> parts) {
        return IndexRange.of(LOG, "orders", KEYS, parts);
    }

    private IndexUpdate.Result merge(List<Part> parts) throws IOException {
        IndexUpdate update = new IndexUpdate(store, RETRIES, LOG, "orders", KEYS, parts);
        IndexUpdate.Result last = new IndexUpdate.Result(0, 0, 0, 0, List.of());
        for (Part part : parts) {
            last = part.number() % IndexRange.MERGED == 0 ? update.merge(part.number()) : last;
        }
        return last;
    }

    private IndexSearch search(List<Part> parts) throws IOException {
        return new IndexSearch(metered, RETRIES, LOG, "orders", KEYS, parts);
    }

    private static List<Long> numbers(List<Part> parts) {
        return parts.stream().map(Part::number).toList();
    }

    private static void flip(HeapStore store, String key) {
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
    }

    @Test
    void aWeekAt20KilobytesASecondTakesAFewRequests() throws IOException {
        List<Part> week = parts(1, 180);
        index(week);
        assertThat(merge(week).merged()).isEqualTo(2);
        IndexSearch.Found found = search(week).find(key("order 77"), numbers(week));
        assertThat(found.records()).containsExactly(Map.entry(77L, 77_007L));
        assertThat(found.notSearched()).isEmpty();
        // Two merged indexes, and the 52 segments after them; one page of the list, and the empty one after it.
        assertThat(metered.gets()).isEqualTo(2 + 52);
        assertThat(metered.lists()).isEqualTo(2);
    }

    @Test
    void aWeekAtOneMegabyteASecondTakesSome150Requests() throws IOException {
        List<Part> week = parts(1, 9026);
        index(week);
        assertThat(merge(week).merged()).isEqualTo(141);
        IndexSearch search = search(week);
        assertThat(metered.lists()).isEqualTo(10 + 1);
        assertThat(search.find(key("order 4711"), numbers(week)).records())
                .containsExactly(Map.entry(4711L, 4_711_007L));
        assertThat(metered.gets()).isEqualTo(141 + 2);
        assertThat(metered.bytes()).isLessThan(3_000_000);
    }

    @Test
    void keyIsFoundInEachOfItsSegments() throws IOException {
        List<Part> parts = parts(60, 140);
        index(parts);
        merge(parts);
        IndexSearch.Found found = search(parts).find(key("common"), numbers(parts));
        assertThat(found.records().keySet()).containsExactlyElementsOf(numbers(parts));
        assertThat(found.records()).containsEntry(128L, 128_009L).containsEntry(129L, 129_009L);
        assertThat(search(parts).find(key("absent"), numbers(parts)).records()).isEmpty();
    }

    @Test
    void onlyTheSegmentsThatAreSearchedAreReturned() throws IOException {
        List<Part> parts = parts(1, 70);
        index(parts);
        merge(parts);
        IndexSearch.Found found = search(parts).find(key("common"), List.of(3L, 64L, 66L));
        assertThat(found.records().keySet()).containsExactly(3L, 64L, 66L);
        assertThat(metered.gets()).isEqualTo(2);
    }

    @Test
    void segmentsWithoutAnIndexAreNotSearched() throws IOException {
        List<Part> parts = parts(1, 70);
        index(parts.subList(0, 68));
        IndexSearch.Found found = search(parts).find(key("common"), List.of(2L, 69L, 70L, 71L));
        assertThat(found.records().keySet()).containsExactly(2L);
        assertThat(found.notSearched()).containsExactly(69L, 70L, 71L);
    }

    @Test
    void damagedMergedIndexIsReplacedByThoseOfItsSegments() throws IOException {
        List<Part> parts = parts(1, 64);
        index(parts);
        merge(parts);
        String merged = range(parts).key();
        byte[] bytes = store.objects().get(merged);
        // Every block, as only some are read.
        for (int at = 0; at < bytes.length; at += 100) {
            bytes[at] ^= 1;
        }
        store.damage(merged, bytes);
        IndexSearch search = search(parts);
        assertThat(search.find(key("order 5"), numbers(parts)).records()).containsOnlyKeys(5L);
        assertThat(search.findings())
                .singleElement()
                .asString()
                .contains(merged)
                .contains("checksum mismatch");
        assertThat(search.find(key("order 6"), numbers(parts)).notSearched()).isEmpty();
        assertThat(search.findings()).hasSize(1);
    }

    @Test
    void damagedTruncatedAndMissingIndexesAreNotSearched() throws IOException {
        List<Part> parts = parts(1, 5);
        index(parts);
        flip(store, range(parts.subList(0, 1)).key());
        store.damage(range(parts.subList(1, 2)).key(), new byte[17]);
        IndexSearch search = search(parts);
        // After the list.
        store.remove(range(parts.subList(2, 3)).key());
        IndexSearch.Found found = search.find(key("common"), numbers(parts));
        assertThat(found.records().keySet()).containsExactly(4L, 5L);
        assertThat(found.notSearched()).containsExactly(1L, 2L, 3L);
        assertThat(search.findings())
                .satisfiesExactly(
                        flipped -> assertThat(flipped).contains("checksum mismatch in block 0"),
                        truncated -> assertThat(truncated).contains("no index has 17 bytes"),
                        missing -> assertThat(missing).contains("the object is missing"));
    }

    @Test
    void indexOfAnObjectThatWasReplacedIsNotUsed() throws IOException {
        List<Part> parts = parts(1, 1);
        index(parts);
        Part was = parts.get(0);
        StoredFile other = new StoredFile(ArchiveKeys.segment("orders", 1, 2), 10, "cd".repeat(32), 10, Digest.NONE);
        List<Part> restated = List.of(new Part(1, was.firstSequence(), was.lastSequence(), other));
        assertThat(search(restated).find(key("common"), List.of(1L)).notSearched())
                .containsExactly(1L);
    }

    @Test
    void mergedIndexWithoutAllItsSegmentsIsNotMade() throws IOException {
        List<Part> parts = parts(1, 64);
        index(parts.subList(0, 63));
        assertThat(merge(parts).merged()).isZero();
        index(parts);
        assertThat(merge(parts).merged()).isEqualTo(1);
        assertThat(merge(parts).merged()).as("the second time").isZero();
    }

    @Test
    void deniedIndexIsNotSearched() throws IOException {
        List<Part> parts = parts(1, 3);
        index(parts);
        HeapStore denied = store.client(request -> HeapStore.Fault.DENY);
        IndexSearch search = new IndexSearch(denied, RETRIES, LOG, "orders", KEYS, parts);
        assertThat(search.find(key("common"), numbers(parts)).notSearched()).containsExactly(1L, 2L, 3L);
        assertThat(search.findings()).hasSize(1);
    }

    @Test
    void largeIndexIsSearchedWithOneRequestOfSome16Kilobytes() throws IOException {
        int ids = 100_000;
        long[] hashes = sorted(new Random(3).longs(ids).toArray());
        IndexReader reader = large(hashes);
        Random random = new Random(4);
        int searches = 3000;
        for (int i = 0; i < searches; i++) {
            assertThat(reader.find(hashes[random.nextInt(ids)])).containsExactly(1000L);
            assertThat(reader.find(random.nextLong())).isEmpty();
        }
        assertThat(metered.gets()).isBetween(2L * searches, 2L * searches + searches / 100);
        assertThat(metered.bytes() / metered.gets()).isLessThan(20 * 1024);
    }

    @Test
    void hashesThatAreNotSpreadAreFoundByFurtherRequests() throws IOException {
        long[] hashes = LongStream.range(0, 20_000).toArray();
        IndexReader low = large(hashes);
        for (long hash : new long[] {0, 1, 339, 340, 10_000, 19_999}) {
            assertThat(low.find(hash)).containsExactly(1000L);
        }
        assertThat(low.find(20_000)).isEmpty();
        assertThat(low.find(-1)).isEmpty();
        assertThat(large(new long[0]).find(5)).isEmpty();
    }

    @Test
    void noRequestOfASearchIsLargerThanSome4Mebibytes() throws IOException {
        int ids = 1_200_000;
        IndexRange range = range(parts(1, 1));
        long bytes = SegmentIndex.put(
                store,
                DataKeys.none(),
                range,
                TestEntries.of(1000, LongStream.range(0, ids).toArray()));
        long[] largest = new long[1];
        ObjectStore observed = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, args) -> {
                    if (args != null && args.length == 3) {
                        largest[0] = Math.max(largest[0], (long) args[2]);
                    }
                    return method.invoke(store, args);
                });
        IndexReader reader = new IndexReader(observed, RETRIES, DataKeys.none(), range, bytes);
        assertThat(reader.find(ids - 1)).containsExactly(1000L);
        assertThat(largest[0]).isBetween(1L, 1024L * 4096);
    }

    @Test
    void equalHashesAcrossBlocksAreAllFound() throws IOException {
        List<long[]> entries = new ArrayList<>();
        for (long sequence = 1000; sequence < 2000; sequence++) {
            entries.add(new long[] {1L << 62, sequence});
        }
        assertThat(reader(new TestEntries(entries)).find(1L << 62)).hasSize(1000);
    }

    private static long[] sorted(long[] hashes) {
        return java.util.Arrays.stream(hashes)
                .map(hash -> hash ^ Long.MIN_VALUE)
                .sorted()
                .map(hash -> hash ^ Long.MIN_VALUE)
                .toArray();
    }

    private IndexReader large(long[] hashes) throws IOException {
        return reader(TestEntries.of(1000, hashes));
    }

    private IndexReader reader(IndexEntries entries) throws IOException {
        IndexRange range = range(parts(1, 1));
        store.remove(range.key());
        long bytes = SegmentIndex.put(store, DataKeys.none(), range, entries);
        return new IndexReader(metered, RETRIES, DataKeys.none(), range, bytes);
    }
}
