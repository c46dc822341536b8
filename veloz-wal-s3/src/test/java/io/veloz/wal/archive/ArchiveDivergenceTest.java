package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveDivergence.Relation;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ArchiveDivergenceTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path log;
    private Path before;

    @BeforeEach
    void ship() throws IOException {
        log = dir.resolve("log");
        before = dir.resolve("before");
        append(log, 450);
        copy(log, before);
        SmallLog.idle(log, wal -> SmallLog.append(wal, 150));
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

    private ArchiveDivergence compare(Path directory) {
        return ArchiveDivergence.of(store, LogFiles.of(directory), new Retries(attempt -> {}));
    }

    @Test
    void shippedLogIsTheSame() {
        assertThat(compare(log)).isEqualTo(new ArchiveDivergence(Relation.SAME, -1, 600, 600, 1, false));
    }

    @Test
    void damagedLastCareRecordIsRefused() {
        ArchiveHolds.hold(store, 0, "audit");
        store.damage("care/00000000000000000001", new byte[100]);
        assertThatThrownBy(() -> compare(log))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining("care/00000000000000000001");
    }

    @Test
    void olderCopyIsBehind() {
        ArchiveDivergence found = compare(before);
        assertThat(found).isEqualTo(new ArchiveDivergence(Relation.BEHIND, -1, 450, 600, 1, false));
        assertThat(found.archiveOnlyFrom()).isEqualTo(451);
        assertThat(found.archiveOnly()).isEqualTo(150);
        assertThat(found.localOnly()).isZero();
    }

    @Test
    void logWithNewRecordsIsAhead() {
        append(log, 7);
        ArchiveDivergence found = compare(log);
        assertThat(found).isEqualTo(new ArchiveDivergence(Relation.AHEAD, -1, 607, 600, 1, false));
        assertThat(found.localOnlyFrom()).isEqualTo(601);
        assertThat(found.localOnly()).isEqualTo(7);
        assertThat(found.archiveOnly()).isZero();
    }

    @Test
    void forkIsFoundAtItsFirstRecord() throws IOException {
        append(before, 20);
        Path other = dir.resolve("fork");
        copy(log, other);
        ArchiveDivergence found = compare(before);
        // Times of records differ, so the first appended record is the fork.
        assertThat(found.relation()).isEqualTo(Relation.FORK);
        assertThat(found.forkSequence()).isEqualTo(451);
        assertThat(found.localOnly()).isEqualTo(20);
        assertThat(found.archiveOnly()).isEqualTo(150);
        assertThat(compare(other).relation()).isEqualTo(Relation.SAME);
    }

    @Test
    void sameRecordsInOtherFilesAreNoFork() throws IOException {
        Path mine = dir.resolve("mine");
        Path theirs = dir.resolve("theirs");
        SmallLog.twins(mine, theirs, 300);
        HeapStore other = new HeapStore();
        new TestArchive(other, theirs).segments(1, LogFiles.of(theirs).sealed().size());
        ArchiveDivergence found = ArchiveDivergence.of(other, LogFiles.of(mine), new Retries(attempt -> {}));
        assertThat(found).isEqualTo(new ArchiveDivergence(Relation.SAME_RECORDS, -1, 300, 300, 1, true));
    }

    @Test
    void objectsOfEqualSegmentsAreNotFetched() throws IOException {
        List<String> fetched = new ArrayList<>();
        HeapStore client = store.client(request -> {
            if (request.kind() == Kind.GET && request.key().startsWith("segments/")) {
                fetched.add(request.key());
            }
            return null;
        });
        ArchiveDivergence.of(client, LogFiles.of(log), new Retries(attempt -> {}));
        assertThat(LogFiles.of(log).sealed()).hasSizeGreaterThan(2);
        assertThat(fetched).isEmpty();
    }

    @Test
    void otherLogAndNoLog() throws IOException {
        Path other = dir.resolve("other");
        append(other, 5);
        assertThat(compare(other).relation()).isEqualTo(Relation.OTHER_LOG);
        assertThat(compare(Files.createDirectory(dir.resolve("empty"))).relation())
                .isEqualTo(Relation.NO_LOG);
    }
}
