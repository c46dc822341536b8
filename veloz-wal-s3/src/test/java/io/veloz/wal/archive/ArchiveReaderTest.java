package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reading the log in an archive whose segments are small, so that every object is fetched whole. */
@Timeout(60)
class ArchiveReaderTest {
    private static final int RECORDS = 600;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path log;
    private TestArchive archive;
    private List<Entry> records;
    private long segments;

    @BeforeEach
    void archiveALog() throws IOException {
        log = dir.resolve("log");
        SmallLog.idle(log, wal -> SmallLog.append(wal, RECORDS));
        records = SmallLog.read(log);
        segments = WalRecovery.inspect(ReadOptions.of(log)).segments().stream()
                .filter(segment -> segment.verdict() == Verdict.SEALED)
                .count();
        assertThat(segments).isGreaterThan(3);
        archive = new TestArchive(store, log).segments(1, segments).tails(500, RECORDS);
    }

    private static ArchiveReader open(HeapStore store) {
        return open(store, ArchiveReadOptions.defaults());
    }

    private static ArchiveReader open(HeapStore store, ArchiveReadOptions options) {
        return ArchiveReader.open(store, options, new Retries(n -> {}));
    }

    private static List<Entry> readAll(HeapStore store) {
        try (ArchiveReader reader = open(store)) {
            return SmallLog.read(reader.options());
        }
    }

    private String key(long segment) {
        return ArchiveKeys.segment("orders", segment, 1);
    }

    private SegmentReport segment(long number) {
        return WalRecovery.inspect(ReadOptions.of(log)).segments().get((int) number - 1);
    }

    private void flip(String key, double place) {
        byte[] bytes = store.objects().get(key);
        bytes[(int) (place * bytes.length)] ^= 1;
        store.damage(key, bytes);
    }

    @Test
    void segmentsAndTailsAreReadAsOneLog() {
        assertThat(readAll(store)).isEqualTo(records);
    }

    @Test
    void reportStatesTheSegmentsOfTheLog() {
        try (ArchiveReader reader = open(store)) {
            List<SegmentReport> local = WalRecovery.inspect(ReadOptions.of(log)).segments();
            for (SegmentReport found : WalRecovery.inspect(reader.options()).segments()) {
                SegmentReport expected = local.get((int) found.number() - 1);
                assertThat(found.file()).isEqualTo(expected.file());
                assertThat(found.verdict()).isEqualTo(expected.verdict());
                assertThat(found.firstSequence()).isEqualTo(expected.firstSequence());
                assertThat(found.lastSequence()).isEqualTo(expected.lastSequence());
                assertThat(found.records()).isEqualTo(expected.records());
            }
            assertThat(reader.report().lastSequence()).isEqualTo(RECORDS);
            assertThat(reader.report().isSound()).isTrue();
        }
    }

    @Test
    void recordBeforeTheArchiveIsRefused() throws IOException {
        HeapStore later = new HeapStore();
        SegmentReport second = segment(2);
        new TestArchive(later, log, 2, second.firstSequence()).segments(2, segments);
        try (ArchiveReader reader = open(later)) {
            assertThat(SmallLog.read(reader.options()).get(0).sequence()).isEqualTo(second.firstSequence());
            assertThatThrownBy(() -> WalReader.open(reader.options().fromSequence(second.firstSequence() - 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("record " + (second.firstSequence() - 1) + " is not in heap:store, which begins with "
                            + second.firstSequence());
        }
    }

    @Test
    void archiveWithoutSegmentsHasNoRecords() throws IOException {
        HeapStore empty = new HeapStore();
        var unused = new TestArchive(empty, log);
        assertThat(readAll(empty)).isEmpty();
    }

    @Test
    void storeWithoutAnArchiveIsRefused() {
        assertThat(catchThrowableOfType(WalRestoreException.class, () -> open(new HeapStore()))
                        .reason())
                .isEqualTo(Reason.NOT_AN_ARCHIVE);
    }

    @Test
    void newestCheckpointIsRead() throws IOException {
        try (Wal wal = SmallLog.open(log)) {
            wal.writeCheckpoint(100, out -> out.write(new byte[] {1, 2, 3}));
        }
        archive.checkpoint(log, 100);
        try (ArchiveReader reader = open(store)) {
            WalCheckpoint checkpoint = WalCheckpoint.newest(reader.options()).orElseThrow();
            assertThat(checkpoint.sequence()).isEqualTo(100);
            assertThat(checkpoint.open().readAllBytes()).containsExactly(1, 2, 3);
        }
    }

    // ---- gaps

    @Test
    void readEndsAtAGapAndContinuesAfterIt() throws IOException {
        HeapStore gapped = new HeapStore();
        SegmentReport second = segment(2);
        new TestArchive(gapped, log)
                .segment(1)
                .gap(second.firstSequence(), second.lastSequence(), 3)
                .segments(3, segments);
        try (ArchiveReader reader = open(gapped)) {
            assertThat(catchThrowableOfType(WalCorruptException.class, () -> SmallLog.read(reader.options()))
                            .firstSequence())
                    .isEqualTo(second.firstSequence());
            assertThat(SmallLog.read(reader.options().fromSequence(second.lastSequence() + 1))
                            .get(0)
                            .sequence())
                    .isEqualTo(second.lastSequence() + 1);
            try (WalReader salvage = WalReader.open(reader.options().salvage())) {
                long count = 0;
                while (salvage.next()) {
                    count++;
                }
                assertThat(count).isEqualTo(segment(segments).lastSequence() - second.records());
                assertThat(salvage.lost()).hasSize(1);
            }
        }
    }

    // ---- damage

    @Test
    void damagedObjectIsNamedWithItsSegmentAndRecords() {
        flip(key(3), 0.5);
        WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, () -> readAll(store));
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(key(3));
        assertThat(refused.firstSequence()).isEqualTo(segment(3).firstSequence());
        assertThat(refused.lastSequence()).isEqualTo(segment(3).lastSequence());
        assertThat(refused)
                .hasMessageContaining("SHA-256 mismatch in heap:store/" + key(3))
                .hasMessageContaining("segment 3, records " + segment(3).firstSequence())
                .hasMessageContaining("put the object back from a version or a copy");
    }

    @Test
    void recordsBeforeAndAfterADamagedObjectAreRead() {
        flip(key(3), 0.5);
        try (ArchiveReader reader = open(store, ArchiveReadOptions.defaults().aheadBytes(0))) {
            long before = segment(2).lastSequence();
            assertThat(SmallLog.read(reader.options().untilSequence(before)))
                    .isEqualTo(records.subList(0, (int) before));
            long after = segment(3).lastSequence();
            assertThat(SmallLog.read(reader.options().fromSequence(after + 1)))
                    .isEqualTo(records.subList((int) after, RECORDS));
        }
    }

    @Test
    void missingObjectIsNamed() {
        store.remove(key(2));
        assertThatThrownBy(() -> readAll(store))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining("heap:store/" + key(2) + ": the object is missing (segment 2, records ");
    }

    @Test
    void objectOfAnotherSizeIsNamed() {
        byte[] bytes = store.objects().get(key(2));
        store.damage(key(2), Arrays.copyOf(bytes, bytes.length + 1));
        assertThatThrownBy(() -> readAll(store)).hasMessageContaining("the object is longer; expected " + bytes.length);
        store.damage(key(2), Arrays.copyOf(bytes, bytes.length - 1));
        assertThatThrownBy(() -> readAll(store))
                .hasMessageContaining("the object ends at " + (bytes.length - 1) + "; expected " + bytes.length);
    }

    @Test
    void damagedTailIsNamed() {
        try (ArchiveReader reader = open(store)) {
            String tail = ArchiveKeys.slot(archive.tailSlots().get(0));
            flip(tail, 0.8);
            assertThatThrownBy(() -> SmallLog.read(reader.options()))
                    .isInstanceOf(WalRestoreException.class)
                    .hasMessageContaining("heap:store/" + tail)
                    .hasMessageContaining("(segment " + (segments + 1) + ", records ");
        }
    }

    @Test
    void damagedSlotPreventsTheOpen() {
        flip(ArchiveKeys.slot(2), 0.5);
        assertThat(catchThrowableOfType(WalRestoreException.class, () -> open(store))
                        .reason())
                .isEqualTo(Reason.DAMAGED);
    }

    // ---- the store

    @Test
    void readerContinuesWhenTheStoreIsAvailableAgain() {
        AtomicBoolean away = new AtomicBoolean();
        HeapStore client = store.client(request -> away.get() ? Fault.FAIL : null);
        try (ArchiveReader archive = open(client, ArchiveReadOptions.defaults().aheadBytes(0));
                WalReader reader = WalReader.open(archive.options())) {
            long last = 0;
            away.set(true);
            WalRestoreException failed = null;
            while (failed == null) {
                try {
                    assertThat(reader.next()).isTrue();
                    last = reader.sequence();
                } catch (WalRestoreException e) {
                    failed = e;
                }
            }
            assertThat(last).isEqualTo(segment(1).lastSequence());
            assertThat(failed.reason()).isEqualTo(Reason.STORE_UNAVAILABLE);
            away.set(false);
            for (long next = last + 1; next <= RECORDS; next++) {
                assertThat(reader.next()).isTrue();
                assertThat(reader.sequence()).isEqualTo(next);
            }
            assertThat(reader.next()).isFalse();
        }
    }

    @Test
    void deniedRequestIsReportedAtOnce() {
        AtomicInteger denied = new AtomicInteger();
        HeapStore client = store.client(request -> {
            boolean deny = request.kind() == Kind.GET && request.key().startsWith("segments/");
            return deny && denied.incrementAndGet() > 0 ? Fault.DENY : null;
        });
        assertThat(catchThrowableOfType(WalRestoreException.class, () -> readAll(client))
                        .reason())
                .isEqualTo(Reason.STORE_REFUSED);
        assertThat(denied).hasValue(1);
    }

    @Test
    void interruptedThreadReadsOnAndStaysInterrupted() {
        Thread.currentThread().interrupt();
        try {
            assertThat(readAll(store)).isEqualTo(records);
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void closedReaderRefusesToRead() {
        ArchiveReader reader = open(store);
        ReadOptions options = reader.options();
        reader.close();
        assertThatThrownBy(() -> SmallLog.read(options))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the reader of the archive is closed");
    }

    // ---- costs

    @Test
    void onlyTheSegmentsInTheRangeAreFetched() {
        try (ArchiveReader reader = open(store)) {
            ArchiveReadCost opened = reader.cost();
            SegmentReport third = segment(3);
            SmallLog.read(reader.options().fromSequence(third.firstSequence()).untilSequence(third.lastSequence() - 1));
            ArchiveReadCost read = reader.cost();
            assertThat(read.gets() - opened.gets()).isEqualTo(1);
            assertThat(read.lists()).isEqualTo(opened.lists());
            assertThat(read.bytes() - opened.bytes()).isEqualTo(store.objects().get(key(3)).length);
            assertThat(reader.costOf(List.of(third)))
                    .isEqualTo(new ArchiveReadCost(1, 0, read.bytes() - opened.bytes()));
        }
    }

    @Test
    void contentInTheCacheIsNotFetchedAgain() {
        try (ArchiveReader reader = open(store)) {
            SmallLog.read(reader.options());
            assertThat(reader.cachedBytes()).isPositive();
            ArchiveReadCost once = reader.cost();
            assertThat(SmallLog.read(reader.options())).isEqualTo(records);
            assertThat(reader.cost()).isEqualTo(once);
        }
    }

    @Test
    void cacheIsBounded() {
        long bound = 40_000;
        try (ArchiveReader archive = open(store, ArchiveReadOptions.defaults().cacheBytes(bound));
                WalReader reader = WalReader.open(archive.options())) {
            while (reader.next()) {
                assertThat(archive.cachedBytes()).isLessThanOrEqualTo(bound);
            }
            assertThat(archive.cachedBytes()).isPositive();
        }
    }

    @Test
    void everyObjectIsFetchedOnce() {
        try (ArchiveReader reader = open(store)) {
            long opened = reader.cost().gets();
            assertThat(SmallLog.read(reader.options())).isEqualTo(records);
            assertThat(reader.cost().gets() - opened)
                    .isEqualTo(segments + archive.tailSlots().size());
        }
    }

    @Test
    void everySegmentIsFetchedOnceWithoutACache() throws IOException {
        HeapStore sealed = new HeapStore();
        new TestArchive(sealed, log).segments(1, segments);
        try (ArchiveReader reader = open(sealed, ArchiveReadOptions.defaults().cacheBytes(0))) {
            long opened = reader.cost().gets();
            long last = segment(segments).lastSequence();
            assertThat(SmallLog.read(reader.options())).isEqualTo(records.subList(0, (int) last));
            assertThat(reader.cost().gets() - opened).isEqualTo(segments);
            assertThat(reader.cachedBytes()).isZero();
        }
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        ArchiveReadOptions options = ArchiveReadOptions.defaults();
        assertThatThrownBy(() -> options.cacheBytes(-1)).hasMessage("cacheBytes -1: expected 0 or more");
        assertThatThrownBy(() -> options.aheadBytes(-1)).hasMessage("aheadBytes -1: expected 0 or more");
        assertThatThrownBy(() -> options.rangeBytes(1)).hasMessage("rangeBytes 1: expected 65536 or more");
        assertThatThrownBy(() -> options.rangeBytes(Integer.MAX_VALUE))
                .hasMessage("rangeBytes 2147483647: expected up to 268435456");
    }

    @Test
    void readersOnSeveralThreadsShareTheCache() throws Exception {
        try (ArchiveReader reader = open(store)) {
            long opened = reader.cost().gets();
            ExecutorService threads = Executors.newFixedThreadPool(4);
            try {
                List<Future<List<Entry>>> reads = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    reads.add(threads.submit(() -> SmallLog.read(reader.options())));
                }
                for (Future<List<Entry>> read : reads) {
                    assertThat(read.get(30, TimeUnit.SECONDS)).isEqualTo(records);
                }
            } finally {
                threads.shutdown();
            }
            // Threads that miss the same piece at once fetch it each.
            assertThat(reader.cost().gets() - opened)
                    .isLessThanOrEqualTo(5 * (segments + archive.tailSlots().size()));
        }
    }

    // ---- a shipper at the same time

    @Test
    void tailsThatAreDroppedWhileTheyAreReadContinueInTheirSegment() throws IOException {
        HeapStore moving = new HeapStore();
        TestArchive growing = new TestArchive(moving, log).segment(1).tails(200, RECORDS);
        String tail = ArchiveKeys.slot(growing.tailSlots().get(5));
        AtomicInteger reads = new AtomicInteger();
        HeapStore client = moving.client(request -> {
            if (request.kind() == Kind.GET && request.key().equals(tail) && reads.incrementAndGet() == 2) {
                commit(growing);
            }
            return null;
        });
        ArchiveReadOptions options = ArchiveReadOptions.defaults().aheadBytes(0).cacheBytes(0);
        try (ArchiveReader reader = open(client, options)) {
            assertThat(SmallLog.read(reader.options())).isEqualTo(records);
        }
        assertThat(reads).hasValueGreaterThan(1);
    }

    @Test
    void damageInASegmentThatWasSealedMeanwhileIsNamedWithItsObject() throws IOException {
        HeapStore moving = new HeapStore();
        SegmentReport last = segment(segments);
        TestArchive growing =
                new TestArchive(moving, log).segments(1, segments - 1).tails(500, last.lastSequence());
        String tail = ArchiveKeys.slot(growing.tailSlots().get(5));
        AtomicInteger reads = new AtomicInteger();
        HeapStore client = moving.client(request -> {
            if (request.kind() == Kind.GET && request.key().equals(tail) && reads.incrementAndGet() == 2) {
                commitDamaged(growing, last);
            }
            return null;
        });
        ArchiveReadOptions options = ArchiveReadOptions.defaults().aheadBytes(0).cacheBytes(0);
        try (ArchiveReader reader = open(client, options)) {
            assertThatThrownBy(() -> SmallLog.read(reader.options()))
                    .isInstanceOf(WalCorruptException.class)
                    .hasMessageContaining("orders_current")
                    .hasMessageContaining("; segment " + segments + " is in heap:store/" + key(segments));
        }
    }

    private void commitDamaged(TestArchive growing, SegmentReport segment) {
        try {
            byte[] file = Files.readAllBytes(log.resolve(segment.file()));
            file[(int) segment.dataBytes() - 40] ^= 1;
            Files.write(log.resolve(segment.file()), file);
            growing.segment(segment.number()).dropTails();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void commit(TestArchive growing) {
        try {
            growing.segments(2, segments).dropTails();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void tailThatIsMissingAndNotDroppedIsDamage() {
        try (ArchiveReader reader = open(store)) {
            String tail = ArchiveKeys.slot(archive.tailSlots().get(0));
            store.remove(tail);
            assertThat(catchThrowableOfType(WalRestoreException.class, () -> SmallLog.read(reader.options()))
                            .reason())
                    .isEqualTo(Reason.DAMAGED);
        }
    }
}
