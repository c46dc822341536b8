package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** After a crash at any step of a restore, the target does not open as a shorter log, and the next restore completes (W7). */
@Tag("enumeration")
class RestoreCrashTest {
    private static final int MANY = 220;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private List<Entry> all = List.of();
    private Path target;

    @BeforeEach
    void ship() throws IOException {
        Path source = dir.resolve("source");
        SmallLog.idle(source, wal -> SmallLog.append(wal, MANY));
        all = SmallLog.read(source);
        new TestArchive(store, source).segment(1).tails(4000, Long.MAX_VALUE);
        assertThat(LogFiles.of(source).sealed()).hasSizeGreaterThan(1);
    }

    private static RestoreReport restore(ObjectStore from, RestoreOptions options, Directories directories) {
        return ArchiveRestore.run(from, options, new Restore(from, options, new Retries(n -> {}), directories)::run);
    }

    @Test
    void crashAtEveryRequest() throws IOException {
        for (int n = 1; ; n++) {
            target = dir.resolve("request-" + n);
            HeapStore client = store.client(Plan.at(n, Fault.DIE_BEFORE));
            if (!crashesAndCompletes(client, Directories.REAL, RestoreOptions.into(target), all.size())) {
                assertThat(n).isGreaterThan(10);
                return;
            }
        }
    }

    @Test
    void everyRequestCanFailOnce() {
        HeapStore client = store.client(request -> request.number() % 2 == 1 ? Fault.FAIL : null);
        target = dir.resolve("target");
        restore(client, RestoreOptions.into(target).parallelism(1), Directories.REAL);
        assertThat(SmallLog.read(target)).isEqualTo(all);
    }

    @Test
    void crashAtEveryChangeOfTheDisk() throws IOException {
        for (int n = 1; ; n++) {
            target = dir.resolve("change-" + n);
            if (!crashesAndCompletes(store, new CrashingDirectories(n), RestoreOptions.into(target), all.size())) {
                assertThat(n).isGreaterThan(20);
                return;
            }
        }
    }

    @Test
    void crashAtEveryChangeOfAPointInTimeRestore() throws IOException {
        for (int n = 1; ; n++) {
            target = dir.resolve("point-" + n);
            RestoreOptions options = RestoreOptions.into(target).untilSequence(130);
            if (!crashesAndCompletes(store, new CrashingDirectories(n), options, 130)) {
                assertThat(n).isGreaterThan(20);
                return;
            }
        }
    }

    @Test
    void crashAtEveryChangeOfAMerge() throws IOException {
        for (int n = 1; ; n++) {
            target = dir.resolve("merge-" + n);
            copyDamaged(dir.resolve("source"), target);
            RestoreOptions options = RestoreOptions.into(target).merge();
            if (!crashesAndCompletes(store, new CrashingDirectories(n), options, all.size())) {
                assertThat(n).isGreaterThan(20);
                return;
            }
            assertThat(target.resolve("before-restore-1")).isNotEmptyDirectory();
        }
    }

    @Test
    void crashAtEveryChangeWhileALogInOtherFilesIsReplaced() throws IOException {
        Path mine = dir.resolve("mine");
        Path theirs = dir.resolve("theirs");
        SmallLog.twins(mine, theirs, MANY);
        store.delete(List.copyOf(store.objects().keySet()));
        new TestArchive(store, theirs).segments(1, LogFiles.of(theirs).sealed().size());
        try (Wal wal = SmallLog.open(mine)) {
            SmallLog.append(wal, 10);
        }
        all = SmallLog.read(mine);
        for (int n = 1; ; n++) {
            target = dir.resolve("replace-" + n);
            copyTree(mine, target);
            RestoreOptions options = RestoreOptions.into(target).merge();
            if (!crashesAndCompletes(store, new CrashingDirectories(n), options, all.size())) {
                assertThat(n).isGreaterThan(20);
                return;
            }
        }
    }

    private static void copyDamaged(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                byte[] bytes = Files.readAllBytes(file);
                if (file.getFileName().toString().equals("orders_0000000000000001.wal")) {
                    bytes[9000] ^= 1;
                }
                Files.write(to.resolve(file.getFileName()), bytes);
            }
        }
    }

    /** Returns false if the restore completed, because it has fewer changes. */
    private boolean crashesAndCompletes(ObjectStore from, Directories directories, RestoreOptions options, int expected)
            throws IOException {
        boolean crashed = false;
        try {
            restore(from, options.parallelism(2), directories);
        } catch (WalException e) {
            crashed = true;
            assertNoShorterLog(target, expected);
            restore(store, options, Directories.REAL);
        }
        assertThat(SmallLog.read(target)).isEqualTo(all.subList(0, expected));
        assertThat(WalRecovery.verify(ReadOptions.of(target), (done, total) -> {})
                        .isSound())
                .isTrue();
        return crashed;
    }

    /** An engine that starts now opens the complete log, the previous log or none; never an empty log after a restore began. */
    private void assertNoShorterLog(Path directory, int expected) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        boolean began = Files.exists(directory.resolve(".restore/log-id"));
        boolean hadSegments = containsSegments(directory);
        Path copy = dir.resolve("opened-" + copies++);
        copyTree(directory, copy);
        try (Wal wal = SmallLog.open(copy)) {
            assertThat(wal.lastSequence()).isIn(0L, (long) expected);
            assertThat(began && !hadSegments)
                    .as("an empty log opens after a restore began")
                    .isFalse();
            assertThat(hadSegments && wal.lastSequence() == 0)
                    .as("no record is left")
                    .isFalse();
        } catch (WalException e) {
            assertThat(e).isInstanceOfAny(WalCorruptException.class, WalOpenException.class);
        }
    }

    private int copies;

    private static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }

    private static boolean containsSegments(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.anyMatch(file -> file.getFileName().toString().endsWith(".wal"));
        }
    }

    @Test
    void fetchedFilesAreNotFetchedAgain() {
        target = dir.resolve("target");
        assertThatThrownBy(() -> restore(
                        store, RestoreOptions.into(target), new CrashingDirectories("set owner and permissions")))
                .isInstanceOf(WalException.class);
        RestoreReport report = restore(store, RestoreOptions.into(target), Directories.REAL);
        assertThat(report.reusedFiles()).isEqualTo(1);
    }
}
