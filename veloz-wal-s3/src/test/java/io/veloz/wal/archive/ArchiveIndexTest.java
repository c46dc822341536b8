package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The index of an archive that was made without one. */
@Timeout(120)
class ArchiveIndexTest {
    private static final Retries RETRIES = new Retries(attempt -> {});

    @TempDir
    static Path shared;

    @TempDir
    Path dir;

    private static CaredArchive archive;
    private static List<SmallLog.Entry> records;
    private HeapStore store;

    @BeforeAll
    static void make() throws IOException {
        archive = CaredArchive.make(shared.resolve("log")).verified();
        records = SmallLog.read(shared.resolve("log"));
    }

    @BeforeEach
    void copy() {
        store = archive.newStore();
    }

    private static ArchiveIndexReport update(ObjectStore store, boolean checks) {
        return ArchiveIndex.update(store, new PayloadKeys(), checks, done -> {}, RETRIES);
    }

    private static ArchiveReader open(ObjectStore store) {
        return ArchiveReader.open(store, ArchiveReadOptions.defaults(), RETRIES);
    }

    private static List<String> indexes(HeapStore store) {
        return store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.INDEX))
                .toList();
    }

    private static List<SegmentReport> sealed(ArchiveReader reader) {
        return reader.report().segments().stream()
                .filter(segment -> segment.verdict() == SegmentReport.Verdict.SEALED)
                .toList();
    }

    private static void assertEveryRecordIsFound(ArchiveReader reader) {
        ArchiveKeySearch search = reader.search(new PayloadKeys());
        List<SegmentReport> segments = sealed(reader);
        for (SegmentReport segment : segments) {
            for (long sequence : List.of(segment.firstSequence(), segment.lastSequence())) {
                ArchiveKeySearch.Result found = search.find(PayloadKeys.record(sequence), segments);
                assertThat(found.records()).containsOnlyKeys(segment.number());
                assertThat(found.records().get(segment.number())).isEqualTo(sequence);
                assertThat(found.notSearched()).isEmpty();
            }
        }
        assertThat(search.find(PayloadKeys.record(records.size() + 1), segments).records())
                .isEmpty();
        assertThat(search.find(PayloadKeys.key("all"), segments).records().values())
                .containsExactlyElementsOf(
                        segments.stream().map(SegmentReport::firstSequence).toList());
    }

    @Test
    void indexOfEverySegmentIsMadeOnce() {
        ArchiveIndexReport report = update(store, false);
        assertThat(report.segments()).isGreaterThan(10).isEqualTo(report.made());
        assertThat(report.findings()).isEmpty();
        assertThat(indexes(store)).hasSize((int) report.segments());
        try (ArchiveReader reader = open(store)) {
            assertEveryRecordIsFound(reader);
        }
        ArchiveIndexReport again = update(store, true);
        assertThat(again.made()).isZero();
        assertThat(again.findings()).isEmpty();
    }

    @Test
    void recordsInTailsAreNotSearched() {
        update(store, false);
        try (ArchiveReader reader = open(store)) {
            List<SegmentReport> all = reader.report().segments();
            long last = all.get(all.size() - 1).number();
            assertThat(reader.search(new PayloadKeys())
                            .find(PayloadKeys.record(1), all)
                            .notSearched())
                    .containsExactly(last);
        }
    }

    @Test
    void archiveIsReadAndVerifiedAsWithoutAnIndex() {
        update(store, false);
        assertThat(archive.verify(store).isSound()).isTrue();
        try (ArchiveReader reader = open(store)) {
            assertThat(SmallLog.read(reader.options())).isEqualTo(records);
        }
    }

    @Test
    void damagedIndexIsMadeAgainByACheck() {
        update(store, false);
        List<String> before = indexes(store);
        String damaged = before.get(3);
        store.damage(damaged, new byte[100]);
        assertThat(update(store, false).made()).isZero();
        ArchiveIndexReport report = update(store, true);
        assertThat(report.made()).isEqualTo(1);
        assertThat(report.findings())
                .singleElement()
                .asString()
                .contains(damaged)
                .contains("made again");
        assertThat(indexes(store)).isEqualTo(before);
        try (ArchiveReader reader = open(store)) {
            assertEveryRecordIsFound(reader);
        }
    }

    @Test
    void damagedIndexStaysWithoutTheRightToDelete() {
        update(store, false);
        store.damage(indexes(store).get(0), new byte[100]);
        HeapStore client = store.client(request -> request.kind() == Kind.DELETE ? Fault.DENY : null);
        ArchiveIndexReport report = update(client, true);
        assertThat(report.made()).isZero();
        assertThat(report.findings()).hasSize(2).last().asString().contains("the damaged index stays");
    }

    @Test
    void segmentThatCannotBeReadIsAFinding() {
        String key = ArchiveKeys.segment("orders", 2, 1);
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
        ArchiveIndexReport report = update(store, false);
        assertThat(report.made()).isEqualTo(report.segments() - 1);
        assertThat(report.findings()).singleElement().asString().contains(key);
        try (ArchiveReader reader = open(store)) {
            assertThat(reader.search(new PayloadKeys())
                            .find(PayloadKeys.key("all"), reader.report().segments())
                            .notSearched())
                    .contains(2L);
        }
    }

    @Test
    void updateThatDiesAtAnyRequestIsCompletedByTheNext() {
        update(store, false);
        TreeSet<String> whole = new TreeSet<>(indexes(store));
        for (Fault fault : List.of(Fault.DIE_BEFORE, Fault.DIE_AFTER, Fault.LOSE_ANSWER, Fault.FAIL)) {
            long requests = 1;
            for (boolean died = true; died; requests += 17) {
                HeapStore copy = archive.newStore();
                HeapStore client = copy.client(Plan.at(requests, fault));
                try {
                    update(client, false);
                } catch (RuntimeException e) {
                    assertThat(client.isDead())
                            .as(fault + " in request " + requests, e)
                            .isTrue();
                }
                died = client.requests() >= requests;
                update(copy, false);
                assertThat(new TreeSet<>(indexes(copy))).isEqualTo(whole);
                try (ArchiveReader reader = open(copy)) {
                    assertThat(reader.search(new PayloadKeys())
                                    .find(PayloadKeys.key("all"), sealed(reader))
                                    .records())
                            .hasSize(whole.size());
                }
            }
            assertThat(requests).isGreaterThan(60);
        }
    }

    @Test
    void unavailableStoreIsAnError() {
        update(store, false);
        try (ArchiveReader reader =
                open(store.client(request -> request.key().startsWith(ArchiveKeys.INDEX) ? Fault.FAIL : null))) {
            assertThat(catchThrowableOfType(WalRestoreException.class, () -> reader.search(new PayloadKeys()))
                            .reason())
                    .isEqualTo(Reason.STORE_UNAVAILABLE);
        }
    }

    // ---- retention

    private ArchiveRetentionReport retire(ObjectStore from) {
        ArchiveRetentionOptions options = CaredArchive.options()
                .keepFor(Duration.ofDays(42))
                .grace(Duration.ZERO)
                .build();
        return ArchiveRetention.apply(archive.care(from), options);
    }

    @Test
    void indexesOfRetiredSegmentsAreDeletedWithThem() throws IOException {
        update(store, false);
        assertThat(retire(store).outcome()).isEqualTo(ArchiveRetentionReport.Outcome.DELETED);
        long floor = CaredArchive.state(store).floor().cut().segment();
        assertThat(floor).isGreaterThan(2);
        try (ArchiveReader reader = open(store)) {
            assertThat(indexes(store)).hasSize(sealed(reader).size());
            assertThat(indexes(store).get(0)).contains(String.format(Locale.ROOT, "_%016d-", floor));
            assertEveryRecordIsFound(reader);
        }
        assertThat(update(store, true).made()).isZero();
    }

    @Test
    void janitorThatMayNotDeleteIndexesRetiresSegments() throws IOException {
        update(store, false);
        int before = indexes(store).size();
        HeapStore janitor = store.client(request ->
                request.kind() == Kind.DELETE && request.key().startsWith(ArchiveKeys.INDEX) ? Fault.DENY : null);
        assertThat(retire(janitor).outcome()).isEqualTo(ArchiveRetentionReport.Outcome.DELETED);
        assertThat(CaredArchive.state(store).delete()).isZero();
        assertThat(indexes(store)).hasSize(before);
        try (ArchiveReader reader = open(store)) {
            assertEveryRecordIsFound(reader);
        }
    }

    // ---- stores

    @Test
    void archiveInADirectoryIsIndexed() throws IOException {
        try (ObjectStore directory = new DirectoryStore(dir.resolve("archive"))) {
            indexAndSearch(directory);
        }
    }

    @Test
    void archiveInABucketIsIndexed() throws IOException, InterruptedException {
        try (ObjectStore bucket = S3ProxyServer.shared().open(S3ProxyServer.newUri())) {
            indexAndSearch(bucket);
        }
    }

    private static void indexAndSearch(ObjectStore empty) throws IOException {
        archive.copyTo(empty);
        ArchiveIndexReport report = update(empty, false);
        assertThat(report.made()).isEqualTo(report.segments());
        assertThat(update(empty, true).findings()).isEmpty();
        try (ArchiveReader reader = open(empty)) {
            List<SegmentReport> segments = sealed(reader);
            SegmentReport fifth = segments.get(4);
            long before = reader.cost().gets();
            assertThat(reader.search(new PayloadKeys())
                            .find(PayloadKeys.record(fifth.lastSequence()), segments)
                            .records())
                    .containsOnlyKeys(fifth.number());
            assertThat(reader.cost().gets() - before).isEqualTo(segments.size());
        }
    }
}
