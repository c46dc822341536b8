package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveComparison.Relation;
import io.veloz.wal.archive.internal.care.CareWriter;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.CareState.Plan;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ArchiveComparisonTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path log;
    private Path before;

    @BeforeEach
    void ship() throws IOException {
        log = dir.resolve("log");
        before = dir.resolve("before");
        append(log, 250);
        copy(log, before);
        SmallLog.idle(log, wal -> SmallLog.append(wal, 50));
        new TestArchive(store, log)
                .segments(1, LogFiles.of(log).sealed().size())
                .tails(1000, Long.MAX_VALUE);
    }

    private static void append(Path directory, int records) {
        try (Wal wal = SmallLog.open(directory)) {
            SmallLog.append(wal, records);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private ArchiveComparison compare(Path directory) {
        return ArchiveComparison.of(store, LogFiles.of(directory));
    }

    @Test
    void shippedLogIsEqual() {
        assertThat(compare(log)).isEqualTo(new ArchiveComparison(Relation.EQUAL, 0, 300, 300, -1));
    }

    @Test
    void logWithNewRecordsIsAhead() {
        append(log, 7);
        assertThat(compare(log)).isEqualTo(new ArchiveComparison(Relation.AHEAD, 7, 307, 300, -1));
    }

    @Test
    void olderCopyIsBehind() {
        assertThat(compare(before)).isEqualTo(new ArchiveComparison(Relation.BEHIND, 50, 250, 300, -1));
    }

    @Test
    void copyWithOtherRecordsHasDiverged() {
        try (Wal wal = SmallLog.open(before)) {
            for (int i = 0; i < 60; i++) {
                wal.appendDurable(9, SmallLog.bytes("other " + i));
            }
        }
        ArchiveComparison found = compare(before);
        assertThat(found.relation()).isEqualTo(Relation.DIVERGED);
        assertThat(found.divergedFrom()).isBetween(200L, 300L);
    }

    @Test
    void logThatDiffersInRetiredRecordsCannotBeCompared() throws IOException {
        append(log, 300);
        try (Wal wal = SmallLog.open(before)) {
            for (int i = 0; i < 300; i++) {
                wal.appendDurable(9, SmallLog.bytes("other " + i + " ".repeat(40)));
            }
        }
        long segments = LogFiles.of(log).sealed().size();
        HeapStore sealed = new HeapStore();
        new TestArchive(sealed, log).segments(1, segments);
        LogFiles local = LogFiles.of(before);
        assertThat(ArchiveComparison.of(sealed, local).relation()).isEqualTo(Relation.DIVERGED);
        long first = CaredArchive.proof(sealed).archived().sequence() + 1;
        retire(sealed, new Cut(segments + 1, first));
        assertThatThrownBy(() -> ArchiveComparison.of(sealed, local))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.RETIRED))
                .hasMessageContaining("the records before " + first + " were retired by care record 2")
                .hasMessageContaining("cannot be compared");
    }

    private static void retire(HeapStore store, Cut cut) throws IOException {
        CareWriter care = new CareWriter(
                store, new Retries(attempt -> {}), CaredArchive.identity(store), Clock.systemUTC(), "host");
        care.put(Kind.PLAN, tip -> tip.state().planned(new Plan(1, cut, 1, 1, Digest.NONE, Instant.EPOCH)));
        care.put(Kind.DELETE, tip -> tip.state().deleted(new Floor(2, cut, 1, 1, 1, 1)));
        store.objects().keySet().stream()
                .filter(key -> key.startsWith("segments/"))
                .forEach(store::remove);
    }

    @Test
    void anotherLogIsReportedAsOtherLog() {
        Path other = dir.resolve("other");
        append(other, 5);
        assertThat(compare(other).relation()).isEqualTo(Relation.OTHER_LOG);
    }

    @Test
    void directoryWithoutLogIsReportedAsNoLog() throws IOException {
        assertThat(compare(Files.createDirectory(dir.resolve("empty"))).relation())
                .isEqualTo(Relation.NO_LOG);
    }
}
