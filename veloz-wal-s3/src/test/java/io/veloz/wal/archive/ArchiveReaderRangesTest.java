package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.spi.LogFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reading the log in an archive whose objects are larger than a range, so that no object is fetched whole. */
@Timeout(60)
class ArchiveReaderRangesTest {
    private static final int RANGE = 256 * 1024;
    private static final int SEGMENTS = 3;

    @TempDir
    static Path dir;

    private static final HeapStore GOOD = new HeapStore();
    private static List<Entry> records;

    private HeapStore store;

    @BeforeAll
    static void archiveALog() throws IOException {
        Path log = dir.resolve("log");
        WalConfig config = WalConfig.builder(log)
                .segmentBytes(4 * 1024 * 1024)
                .maxBatchBytes(64 * 1024)
                .build();
        Random random = new Random(1);
        try (Wal wal = Wal.open(config)) {
            while (LogFiles.of(log).sealed().size() < SEGMENTS) {
                byte[] payload = new byte[8 * 1024];
                random.nextBytes(payload);
                wal.appendDurable(1, ByteBuffer.wrap(payload));
            }
        }
        new TestArchive(GOOD, log).segments(1, SEGMENTS).tails(100_000, Long.MAX_VALUE);
        records = SmallLog.read(log);
    }

    @BeforeEach
    void copy() {
        store = new HeapStore();
        GOOD.objects().forEach(store::damage);
    }

    private static ArchiveReadOptions ranges() {
        return ArchiveReadOptions.defaults().rangeBytes(RANGE);
    }

    private static ArchiveReader open(HeapStore store, ArchiveReadOptions options) {
        return ArchiveReader.open(store, options, new Retries(n -> {}));
    }

    private static String key(long segment) {
        return ArchiveKeys.segment("orders", segment, 1);
    }

    private static long ranges(long segment) {
        return (GOOD.objects().get(key(segment)).length + RANGE - 1) / RANGE;
    }

    @Test
    void segmentsAreReadInRangesAndEachRangeOnce() {
        try (ArchiveReader reader = open(store, ranges().cacheBytes(0))) {
            long opened = reader.cost().gets();
            SegmentReport last = reader.report().segments().get(SEGMENTS - 1);
            ReadOptions sealed = reader.options().untilSequence(last.lastSequence());
            assertThat(SmallLog.read(sealed)).isEqualTo(records.subList(0, (int) last.lastSequence()));
            assertThat(reader.cost().gets() - opened).isEqualTo(ranges(1) + ranges(2) + ranges(3));
            assertThat(reader.costOf(reader.report().segments().subList(0, SEGMENTS))
                            .gets())
                    .isEqualTo(ranges(1) + ranges(2) + ranges(3));
        }
    }

    @Test
    void segmentsAndTailsAreReadAsOneLog() {
        try (ArchiveReader reader = open(store, ranges())) {
            assertThat(SmallLog.read(reader.options())).isEqualTo(records);
        }
    }

    @Test
    void beginningOfASegmentCostsOneRange() {
        try (ArchiveReader reader = open(store, ranges())) {
            ArchiveReadCost opened = reader.cost();
            long first = reader.report().segments().get(1).firstSequence();
            assertThat(SmallLog.read(reader.options().fromSequence(first).untilSequence(first)))
                    .hasSize(1);
            // A block of 1 MiB begins in one range and ends in another one only if the range is smaller.
            assertThat(reader.cost().gets() - opened.gets()).isLessThanOrEqualTo(1 + (1024 * 1024) / RANGE + 1);
        }
    }

    @Test
    void readAheadIsBounded() {
        long ahead = RANGE;
        try (ArchiveReader archive = open(store, ranges().cacheBytes(0).aheadBytes(ahead));
                WalReader reader = WalReader.open(archive.options())) {
            ArchiveReadCost opened = archive.cost();
            long payload = 0;
            while (reader.next() && reader.sequence() < 400) {
                payload += reader.payload().remaining();
                long fetched = archive.cost().bytes() - opened.bytes();
                // Read, one range in memory, one ahead, and a piece of up to 2 MiB.
                assertThat(fetched).isLessThan(payload * 21 / 20 + 2L * RANGE + ahead + 2 * 1024 * 1024);
            }
        }
    }

    @Test
    void cacheOfDecodedPiecesIsBoundedAndUsed() {
        long bound = 3 * 1024 * 1024;
        try (ArchiveReader archive = open(store, ranges().cacheBytes(bound))) {
            try (WalReader reader = WalReader.open(archive.options())) {
                while (reader.next()) {
                    if (reader.sequence() % 50 == 0) {
                        assertThat(archive.cachedBytes()).isLessThanOrEqualTo(bound);
                    }
                }
            }
        }
        try (ArchiveReader archive = open(store, ranges())) {
            SmallLog.read(archive.options());
            ArchiveReadCost once = archive.cost();
            assertThat(SmallLog.read(archive.options())).isEqualTo(records);
            assertThat(archive.cost()).isEqualTo(once);
        }
    }

    @Test
    void anyFlippedByteIsAnErrorOrChangesNothing() {
        byte[] good = GOOD.objects().get(key(2));
        Random random = new Random(7);
        int detected = 0;
        for (int i = 0; i < 20; i++) {
            byte[] bad = good.clone();
            bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            store.damage(key(2), bad);
            try (ArchiveReader reader = open(store, ranges())) {
                Throwable thrown = catchThrowable(
                        () -> assertThat(SmallLog.read(reader.options())).isEqualTo(records));
                if (thrown != null) {
                    assertThat(thrown).isInstanceOf(WalException.class).hasMessageContaining(key(2));
                    detected++;
                }
            }
        }
        // A byte of the content checksum or in the footer does not concern a record.
        assertThat(detected).isGreaterThan(15);
    }

    @Test
    void damagedRecordIsNamedWithItsObject() throws IOException {
        byte[] file = content(key(2));
        file[2_000_000] ^= 1;
        byte[] forged = Lz4Frames.compress(file);
        assertThat(forged).hasSameSizeAs(GOOD.objects().get(key(2)));
        store.damage(key(2), forged);
        try (ArchiveReader reader = open(store, ranges())) {
            assertThatThrownBy(() -> SmallLog.read(reader.options()))
                    .isInstanceOf(WalCorruptException.class)
                    .hasMessageContaining("heap:store/orders_0000000000000002.wal at ")
                    .hasMessageContaining("checksum ")
                    .hasMessageContaining("; segment 2 is in heap:store/" + key(2) + "; verify the archive");
        }
    }

    @Test
    void damagedHeaderOfTheFirstSegmentIsAnError() throws IOException {
        byte[] file = content(key(1));
        file[20] ^= 1;
        store.damage(key(1), Lz4Frames.compress(file));
        try (ArchiveReader reader = open(store, ranges())) {
            assertThatThrownBy(() -> WalReader.open(reader.options()))
                    .isInstanceOf(WalCorruptException.class)
                    .hasMessageContaining("the file is missing, or its header is damaged")
                    .hasMessageContaining(key(1));
        }
    }

    @Test
    void segmentInPlaceOfAnotherIsAnError() {
        store.damage(key(2), GOOD.objects().get(key(3)));
        try (ArchiveReader reader = open(store, ranges())) {
            assertThat(catchThrowable(() -> SmallLog.read(reader.options())))
                    .isInstanceOf(WalException.class)
                    .hasMessageContaining("orders_000000000000000");
            long second = reader.report().segments().get(1).firstSequence();
            assertThat(catchThrowable(() -> WalReader.open(reader.options().fromSequence(second))))
                    .isInstanceOf(WalException.class);
        }
    }

    @Test
    void objectThatEndsEarlyIsDamage() {
        byte[] good = GOOD.objects().get(key(2));
        store.damage(key(2), Arrays.copyOf(good, good.length / 2));
        try (ArchiveReader reader = open(store, ranges())) {
            assertThatThrownBy(() -> SmallLog.read(reader.options()))
                    .isInstanceOfSatisfying(
                            WalRestoreException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.DAMAGED))
                    .hasMessageContaining("the object ends at " + good.length / 2 + "; expected " + good.length);
        }
    }

    private static byte[] content(String key) throws IOException {
        try (InputStream in =
                Lz4Frames.decompress(new ByteArrayInputStream(GOOD.objects().get(key)))) {
            return in.readAllBytes();
        }
    }
}
