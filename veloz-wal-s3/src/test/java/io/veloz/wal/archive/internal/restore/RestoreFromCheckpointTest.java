package io.veloz.wal.archive.internal.restore;

import static io.veloz.wal.archive.internal.restore.ManySegments.CHECKPOINT;
import static io.veloz.wal.archive.internal.restore.ManySegments.OLDER_CHECKPOINT;
import static io.veloz.wal.archive.internal.restore.ManySegments.RECORDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.restore.RestoreReport.Outcome;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The first phase of a restore in two times. */
@Timeout(120)
class RestoreFromCheckpointTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path source;
    private Path target;
    private List<Entry> all = List.of();

    @BeforeEach
    void ship() throws IOException {
        source = dir.resolve("source");
        target = dir.resolve("target");
        ManySegments.make(store, source);
        all = SmallLog.read(source);
        assertThat(LogFiles.of(source).sealed()).hasSizeGreaterThan(5);
    }

    private static RestoreReport restore(ObjectStore from, RestoreOptions options, Directories directories) {
        return ArchiveRestore.run(from, options, new Restore(from, options, new Retries(n -> {}), directories)::run);
    }

    private RestoreReport restore() {
        return restore(store, into(), Directories.REAL);
    }

    private RestoreOptions into() {
        return RestoreOptions.into(target).parallelism(3).fromCheckpoint();
    }

    private void damage(long checkpoint) {
        String key = ArchiveKeys.checkpoint(checkpoint, 1);
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
    }

    /** Checks a log that begins with the segment of the first record after a checkpoint. */
    private void assertBeginsAfter(long checkpoint) throws IOException {
        List<Entry> found = SmallLog.read(target);
        long first = found.get(0).sequence();
        assertThat(first).isBetween(2L, checkpoint + 1);
        assertThat(found).isEqualTo(all.subList((int) first - 1, all.size()));
        assertThat(LogFiles.of(source).sealed(firstSegment()).orElseThrow().lastSequence())
                .as("no earlier segment is needed")
                .isGreaterThan(checkpoint);
        assertThat(WalCheckpoint.newest(ReadOptions.of(target)).map(WalCheckpoint::sequence))
                .contains(checkpoint);
        assertThat(WalRecovery.verify(ReadOptions.of(target), (done, total) -> {})
                        .isSound())
                .isTrue();
    }

    private long firstSegment() throws IOException {
        return LogFiles.of(target).olderSegments().firstSegment();
    }

    @Test
    void newestCheckpointAndWhatFollowsIsRestoredAndTheRestIsReported() throws IOException {
        RestorePlan plan = ArchiveRestore.run(
                store, into(), new Restore(store, into(), new Retries(n -> {}), Directories.REAL)::plan);
        RestoreReport report = restore();
        assertBeginsAfter(CHECKPOINT);
        assertThat(report.outcome()).isEqualTo(Outcome.RESTORED);
        assertThat(report.plan()).hasToString(plan.toString());
        assertThat(plan.leftSegments()).isEqualTo((int) firstSegment() - 1);
        assertThat(plan.leftFirstSequence()).isEqualTo(1);
        assertThat(plan.leftFileBytes()).isGreaterThan(plan.fileBytes());
        assertThat(report.notes())
                .anyMatch(note ->
                        note.contains("records 1 to " + (report.firstSequence() - 1) + " are in the archive only"));
        try (Wal wal = SmallLog.open(target)) {
            assertThat(wal.appendDurable(1, SmallLog.bytes("next"))).isEqualTo(RECORDS + 1);
            assertThat(wal.olderSegments().isPending()).isTrue();
        }
    }

    @Test
    void fewerObjectsAreFetchedThanByAWholeRestore() {
        HeapStore client = store.client(Plan.NONE);
        restore(client, into(), Directories.REAL);
        HeapStore whole = store.client(Plan.NONE);
        restore(whole, RestoreOptions.into(dir.resolve("whole")), Directories.REAL);
        assertThat(client.requests()).isLessThan(whole.requests());
    }

    @Test
    void damagedNewestCheckpointIsReplacedByTheOneBefore() throws IOException {
        damage(CHECKPOINT);
        RestoreReport report = restore();
        assertBeginsAfter(OLDER_CHECKPOINT);
        assertThat(report.notes()).anyMatch(note -> note.contains("up to " + CHECKPOINT) && note.contains("not used"));
        assertThat(report.plan().checkpointSequence()).isEqualTo(OLDER_CHECKPOINT);
    }

    @Test
    void largeCheckpointIsFetchedInRanges() throws IOException {
        Path other = dir.resolve("other");
        ManySegments.write(other);
        byte[] content = new byte[9 * 1024 * 1024];
        new Random(1).nextBytes(content);
        try (Wal wal = SmallLog.open(other)) {
            wal.writeCheckpoint(CHECKPOINT, out -> out.write(content));
        }
        store.delete(List.copyOf(store.objects().keySet()));
        new TestArchive(store, other)
                .segments(1, LogFiles.of(other).sealed().size())
                .checkpoint(other, CHECKPOINT);
        AtomicInteger ranges = new AtomicInteger();
        HeapStore client = store.client(request -> {
            ranges.addAndGet(request.key().startsWith(ArchiveKeys.ATTACHMENTS) && request.kind() == Kind.GET ? 1 : 0);
            return null;
        });
        restore(client, into(), Directories.REAL);
        assertThat(ranges).hasValue(3);
    }

    @Test
    void withoutAWholeCheckpointTheWholeLogIsRestored() throws IOException {
        damage(CHECKPOINT);
        damage(OLDER_CHECKPOINT);
        RestoreReport report = restore();
        assertThat(SmallLog.read(target)).isEqualTo(all);
        assertThat(report.plan().leftSegments()).isZero();
        assertThat(LogFiles.of(target).olderSegments().isPending()).isFalse();
        assertThat(report.notes()).anyMatch(note -> note.contains("no whole checkpoint"));
    }

    @Test
    void checkpointOfAllRecordsKeepsTheLastSegmentWithRecords() throws IOException {
        Path other = dir.resolve("other");
        ManySegments.write(other);
        store.delete(List.copyOf(store.objects().keySet()));
        SmallLog.open(other).close();
        try (Wal wal = SmallLog.open(other)) {
            wal.writeCheckpoint(RECORDS, out -> out.write(1));
        }
        int sealed = LogFiles.of(other).sealed().size();
        new TestArchive(store, other).segments(1, sealed).checkpoint(other, RECORDS);
        restore();
        assertThat(firstSegment()).isEqualTo(sealed);
        try (Wal wal = SmallLog.open(target)) {
            assertThat(wal.appendDurable(1, SmallLog.bytes("next"))).isEqualTo(RECORDS + 1);
        }
    }

    @Test
    void secondRestoreFindsTheLogComplete() {
        restore();
        RestoreReport second = restore();
        assertThat(second.outcome()).isEqualTo(Outcome.ALREADY_THERE);
        assertThat(second.notes()).anyMatch(note -> note.contains("older records are in the archive only"));
    }

    @Test
    void optionsThatRestoreAnythingElseAreRefused() {
        for (RestoreOptions options :
                List.of(into().untilSequence(100), into().untilTime(1), into().merge(), into().acceptGaps())) {
            assertThatThrownBy(() -> new Restore(store, options, new Retries(n -> {}), Directories.REAL))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("fromCheckpoint");
        }
    }

    // ---- crashes

    @Test
    void crashAtEveryRequest() throws IOException {
        for (int n = 1; ; n++) {
            target = dir.resolve("request-" + n);
            if (!crashesAndCompletes(store.client(Plan.at(n, Fault.DIE_BEFORE)), Directories.REAL)) {
                assertThat(n).isGreaterThan(8);
                return;
            }
        }
    }

    @Test
    void crashAtEveryChangeOfTheDisk() throws IOException {
        for (int n = 1; ; n++) {
            target = dir.resolve("change-" + n);
            if (!crashesAndCompletes(store, new CrashingDirectories(n))) {
                assertThat(n).isGreaterThan(20);
                return;
            }
        }
    }

    @Test
    void filesOfACutRestoreAreNotFetchedAgain() {
        assertThatThrownBy(() -> restore(store, into(), new CrashingDirectories("set owner and permissions")))
                .isInstanceOf(WalException.class);
        assertThat(restore().reusedFiles()).isGreaterThan(1);
    }

    /** Returns false if the restore completed, because it has fewer requests or changes. */
    private boolean crashesAndCompletes(ObjectStore from, Directories directories) throws IOException {
        boolean crashed = false;
        try {
            restore(from, into().parallelism(2), directories);
        } catch (WalException e) {
            crashed = true;
            assertNoOtherLog();
            restore();
        }
        assertBeginsAfter(CHECKPOINT);
        assertThat(LogFiles.of(target).olderSegments().isPending()).isTrue();
        return crashed;
    }

    /** An engine that starts now opens the restored log, or none; an empty one only before the restore has begun. */
    private void assertNoOtherLog() throws IOException {
        if (!Files.isDirectory(target)) {
            return;
        }
        boolean began = Files.exists(target.resolve(".restore/log-id"));
        Path copy = dir.resolve("opened-" + target.getFileName());
        try (Stream<Path> files = Files.walk(target)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(target.relativize(file).toString()));
            }
        }
        try (Wal wal = SmallLog.open(copy)) {
            assertThat(wal.lastSequence()).isIn(0L, (long) RECORDS);
            assertThat(wal.lastSequence() == 0 && began).isFalse();
        } catch (WalException e) {
            assertThat(e).isInstanceOfAny(WalCorruptException.class, WalOpenException.class);
        }
    }
}
