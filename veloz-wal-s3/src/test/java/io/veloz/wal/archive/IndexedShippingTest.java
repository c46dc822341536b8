package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.TestKeys;
import io.veloz.wal.spi.RecordKeys;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Shippers that make the index of what they have shipped. */
@Timeout(120)
class IndexedShippingTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();

    private void ship(HeapStore to, int records) {
        ShipperConfig config = ShipperConfig.builder(to)
                .recordKeys(new PayloadKeys())
                .requireEscrow(false)
                .closeTimeout(Duration.ofSeconds(60))
                .build();
        try (Wal wal = SmallLog.open(dir.resolve("log"))) {
            try (WalShipper shipper = WalShipper.start(wal, config)) {
                for (int i = 0; i < records; i++) {
                    wal.append(1, SmallLog.bytes("record " + (wal.lastSequence() + 1) + " ".repeat(300)));
                }
                wal.sync();
                wal.roll();
                ArchivedLog.awaitSegments(shipper, wal);
            }
        }
    }

    private static List<String> indexes(HeapStore in) {
        return in.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.INDEX))
                .toList();
    }

    private static ArchiveReader open(HeapStore in) {
        return ArchiveReader.open(in, ArchiveReadOptions.defaults(), new Retries(attempt -> {}));
    }

    private static void assertFound(HeapStore in, long sequence, int requests) {
        try (ArchiveReader reader = open(in)) {
            List<SegmentReport> segments = reader.report().segments();
            ArchiveKeySearch search = reader.search(new PayloadKeys());
            long before = reader.cost().gets();
            ArchiveKeySearch.Result found = search.find(PayloadKeys.record(sequence), segments);
            assertThat(found.records().values()).containsExactly(sequence);
            assertThat(reader.cost().gets() - before).isEqualTo(requests);
            assertThat(search.findings()).isEmpty();
        }
    }

    @Test
    void everyCommittedSegmentIsIndexedBeforeTheShipperEnds() {
        ship(store, 200);
        int segments = segments(store);
        assertThat(segments).isGreaterThan(3);
        assertThat(indexes(store)).hasSize(segments);
        assertFound(store, 77, segments);
        assertThat(ArchiveIndex.update(store, new PayloadKeys(), true, done -> {})
                        .made())
                .isZero();
    }

    private static int segments(HeapStore in) {
        return (int) in.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SEGMENTS))
                .count();
    }

    @Test
    void sixtyFourSegmentsAreMerged() {
        ship(store, 3500);
        int segments = segments(store);
        assertThat(segments).isBetween(65, 127);
        assertThat(indexes(store)).hasSize(segments + 1);
        assertFound(store, 77, 1 + segments - 64);
        assertThat(ArchiveIndex.update(store, new PayloadKeys(), true, done -> {})
                        .merged())
                .isZero();
    }

    @Test
    void deniedIndexDelaysNoSegment() {
        HeapStore writer = store.client(request ->
                request.kind() == Kind.PUT && request.key().startsWith(ArchiveKeys.INDEX) ? Fault.DENY : null);
        ship(writer, 200);
        assertThat(segments(store)).isGreaterThan(3);
        assertThat(indexes(store)).isEmpty();
        ArchiveIndexReport later = ArchiveIndex.update(store, new PayloadKeys(), false, done -> {});
        assertThat(later.made()).isEqualTo(segments(store));
        assertFound(store, 77, segments(store));
    }

    @Test
    void indexOfAnEncryptedArchiveIsEncryptedAndNeedsTheKey() {
        HeapStore encrypted = store.with(new TestKeys("k"));
        ship(encrypted, 3500);
        assertThat(indexes(store)).hasSize(segments(store) + 1);
        assertFound(encrypted, 77, 1 + segments(store) - 64);
        try (ArchiveReader reader = open(store.with(EncryptionKeys.NONE))) {
            List<SegmentReport> all = reader.report().segments();
            ArchiveKeySearch search = reader.search(new PayloadKeys());
            ArchiveKeySearch.Result found = search.find(PayloadKeys.record(77), all);
            assertThat(found.records()).isEmpty();
            assertThat(found.notSearched()).hasSize(all.size());
            assertThat(search.findings())
                    .isNotEmpty()
                    .allSatisfy(finding -> assertThat(finding).contains("encrypted by the key \"k\""));
        }
    }

    @Test
    void callerOfAFencedShipperDoesNotWaitForTheIndex() throws InterruptedException {
        CountDownLatch indexing = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        RecordKeys slow = new RecordKeys() {
            @Override
            public String name() {
                return "slow";
            }

            @Override
            public void find(int type, ByteBuffer payload, Consumer<byte[]> keys) {
                indexing.countDown();
                try {
                    end.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        };
        ShipperConfig config = ShipperConfig.builder(store)
                .recordKeys(slow)
                .requireEscrow(false)
                .closeTimeout(Duration.ofSeconds(60))
                .build();
        try (Wal wal = SmallLog.open(dir.resolve("log"));
                WalShipper first = WalShipper.start(wal, config)) {
            SmallLog.append(wal, 5);
            wal.roll();
            indexing.await();
            try (WalShipper second = WalShipper.start(
                    wal, ShipperConfig.builder(store).requireEscrow(false).build())) {
                assertThat(second.awaitArchived(5, Duration.ofSeconds(60))).isTrue();
                SmallLog.append(wal, 1);
                assertThatThrownBy(() -> first.awaitArchived(6, Duration.ofSeconds(20)))
                        .isInstanceOf(WalFencedException.class);
            } finally {
                end.countDown();
            }
        }
    }

    @Test
    void indexIsNotCheckedWithoutItsKeyAndStays() {
        HeapStore encrypted = store.with(new TestKeys("k"));
        ship(encrypted, 200);
        int indexes = indexes(store).size();
        ArchiveIndexReport report =
                ArchiveIndex.update(store.with(EncryptionKeys.NONE), new PayloadKeys(), true, done -> {});
        assertThat(report.made()).isZero();
        assertThat(report.findings())
                .hasSize(indexes)
                .allSatisfy(finding -> assertThat(finding).contains("encrypted by the key \"k\""));
        assertThat(indexes(store)).hasSize(indexes);
    }

    @Test
    void equalLogsHaveOtherBytesInTheirEncryptedIndexes() {
        HeapStore encrypted = store.with(new TestKeys("k"));
        ship(encrypted, 200);
        List<String> keys = indexes(store);
        List<String> before =
                keys.stream().map(key -> Digest.of(store.objects().get(key))).toList();
        keys.forEach(store::remove);
        ArchiveIndex.update(encrypted, new PayloadKeys(), false, done -> {});
        assertThat(indexes(store)).isEqualTo(keys);
        assertThat(keys.stream().map(key -> Digest.of(store.objects().get(key))).toList())
                .doesNotContainAnyElementsOf(before);
    }
}
