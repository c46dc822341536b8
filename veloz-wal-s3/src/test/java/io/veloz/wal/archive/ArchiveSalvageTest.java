package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Archives whose chain is damaged: every intact record is recovered, and lost records are declared. */
@Timeout(60)
class ArchiveSalvageTest {
    private static final int RECORDS = 400;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path source;
    private Path target;
    private List<Entry> records;

    @BeforeEach
    void ship() throws IOException {
        source = dir.resolve("source");
        target = dir.resolve("salvaged").resolve("log");
        SmallLog.idle(source, wal -> {
            SmallLog.append(wal, 150);
            wal.writeCheckpoint(100, out -> out.write(7));
            SmallLog.append(wal, RECORDS - 150);
        });
        records = SmallLog.read(source);
        TestArchive archive = new TestArchive(store, source);
        archive.segment(1).tails(3000, 150).checkpoint(source, 100).epoch();
        for (long number = 2; number <= LogFiles.of(source).sealed().size(); number++) {
            archive.segment(number);
        }
        archive.tails(1000, RECORDS);
    }

    @AfterEach
    void noTemporaryFilesAreLeft() throws IOException {
        try (Stream<Path> files = Files.list(target.getParent())) {
            assertThat(files.filter(file -> !file.equals(target))).isEmpty();
        }
    }

    private ArchiveSalvageReport salvage() {
        return ArchiveSalvage.salvage(store, target, WalProgress.NONE, new Retries(attempt -> {}));
    }

    private void flip(String key) {
        byte[] bytes = store.objects().get(key).clone();
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
    }

    private void assertRestoreIsRefused() {
        Path other = dir.resolve("refused");
        assertThat(catchThrowableOfType(
                        WalRestoreException.class, () -> DirectRestore.restore(store, RestoreOptions.into(other))))
                .isNotNull();
    }

    @Test
    void damagedEpochLosesNoRecord() {
        flip(ArchiveKeys.slot(1));
        assertRestoreIsRefused();
        ArchiveSalvageReport report = salvage();
        assertThat(SmallLog.read(target)).isEqualTo(records);
        assertThat(report.log().lost()).isEmpty();
        assertThat(report.problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo(ArchiveKeys.slot(1)));
        assertThat(report.checkpointSequence()).isEqualTo(100);
        assertThat(WalCheckpoint.newest(ReadOptions.of(target)).orElseThrow().sequence())
                .isEqualTo(100);
    }

    @Test
    void intactArchiveIsSalvagedWithoutLossIntoANewLog() throws IOException {
        ArchiveSalvageReport report = salvage();
        assertThat(report.isWithoutLoss()).isTrue();
        assertThat(SmallLog.read(target)).isEqualTo(records);
        assertThat(LogFiles.of(target).logId()).isNotEqualTo(LogFiles.of(source).logId());
    }

    @Test
    void recordsOfADamagedSegmentAreDeclaredLost() throws IOException {
        String key = ArchiveKeys.segment("orders", 3, 2);
        flip(key);
        var third = LogFiles.of(source).sealed(3).orElseThrow();
        ArchiveSalvageReport report = salvage();
        List<Entry> rest = new ArrayList<>(records);
        rest.removeIf(e -> e.sequence() >= third.firstSequence() && e.sequence() <= third.lastSequence());
        assertThat(SmallLog.read(target)).isEqualTo(rest);
        assertThat(report.log().lost()).singleElement().satisfies(lost -> {
            assertThat(lost.firstSequence()).isEqualTo(third.firstSequence());
            assertThat(lost.lastSequence()).isEqualTo(third.lastSequence());
        });
        assertThat(report.problems()).extracting(ArchiveReport.Problem::key).containsExactly(key);
        assertThat(report.isWithoutLoss()).isFalse();
    }

    @Test
    void tailsReplaceAMissingSegment() throws IOException {
        store.delete(List.of(ArchiveKeys.segment("orders", 2, 2)));
        ArchiveSalvageReport report = salvage();
        // The tails of segment 2 reach to record 150.
        long second = LogFiles.of(source).sealed(2).orElseThrow().lastSequence();
        List<Entry> rest = new ArrayList<>(records);
        rest.removeIf(e -> e.sequence() > 150 && e.sequence() <= second);
        assertThat(SmallLog.read(target)).isEqualTo(rest);
        assertThat(report.tails()).isPositive();
    }

    @Test
    void segmentsAreSalvagedWithoutSlots() throws IOException {
        for (String key : store.objects().keySet()) {
            if (!key.startsWith("segments/")) {
                store.delete(List.of(key));
            }
        }
        ArchiveSalvageReport report = salvage();
        long sealed = LogFiles.of(source).sealed().size();
        long last = LogFiles.of(source).sealed(sealed).orElseThrow().lastSequence();
        assertThat(SmallLog.read(target)).isEqualTo(records.subList(0, (int) last));
        assertThat(report.segments()).isEqualTo((int) sealed);
    }

    @Test
    void neitherOfTwoVersionsWithoutSlotsIsSalvaged() throws IOException {
        Path fork = dir.resolve("fork");
        Files.createDirectory(fork);
        Files.copy(source.resolve("orders_0000000000000001.wal"), fork.resolve("orders_0000000000000001.wal"));
        LogFiles.of(fork).complete(LogFiles.of(source).logId().orElseThrow(), 1, 1);
        try (Wal wal = SmallLog.open(fork)) {
            SmallLog.append(wal, 200);
        }
        byte[] other = Files.readAllBytes(fork.resolve("orders_0000000000000002.wal"));
        store.damage(ArchiveKeys.segment("orders", 2, 1), Lz4Frames.compress(other));
        for (String key : store.objects().keySet()) {
            if (key.startsWith("ship/")) {
                store.delete(List.of(key));
            }
        }
        ArchiveSalvageReport report = salvage();
        assertThat(report.problems())
                .extracting(ArchiveReport.Problem::key)
                .containsExactlyInAnyOrder(ArchiveKeys.segment("orders", 2, 1), ArchiveKeys.segment("orders", 2, 2));
        assertThat(report.log().lost()).hasSize(1);
    }

    @Test
    void versionWhoseDigestASlotContainsIsSalvaged() throws IOException {
        Path fork = dir.resolve("fork");
        Files.createDirectory(fork);
        Files.copy(source.resolve("orders_0000000000000001.wal"), fork.resolve("orders_0000000000000001.wal"));
        LogFiles.of(fork).complete(LogFiles.of(source).logId().orElseThrow(), 1, 1);
        try (Wal wal = SmallLog.open(fork)) {
            SmallLog.append(wal, 200);
        }
        byte[] other = Files.readAllBytes(fork.resolve("orders_0000000000000002.wal"));
        String named = ArchiveKeys.segment("orders", 2, 2);
        // The object that the slot names is missing. One of two other objects contains the same file.
        store.damage(ArchiveKeys.segment("orders", 2, 3), store.objects().get(named));
        store.damage(ArchiveKeys.segment("orders", 2, 1), Lz4Frames.compress(other));
        store.remove(named);
        ArchiveSalvageReport report = salvage();
        assertThat(SmallLog.read(target)).isEqualTo(records);
        assertThat(report.problems()).extracting(ArchiveReport.Problem::key).containsExactly(named);
    }
}
