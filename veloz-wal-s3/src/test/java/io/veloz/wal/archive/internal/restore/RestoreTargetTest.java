package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreProgress.Stage;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.restore.RestoreReport.Outcome;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The target of a restore: its lock, its directory, and the owner and permissions of its files. */
@Timeout(120)
class RestoreTargetTest {
    private static final int MANY = 300;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path source;
    private Path target;

    @BeforeEach
    void ship() throws IOException {
        source = dir.resolve("source");
        target = dir.resolve("target");
        log(source, 60);
        copy(source, dir.resolve("behind"));
        SmallLog.idle(source, wal -> SmallLog.append(wal, MANY - 60));
        LogFiles files = LogFiles.of(source);
        new TestArchive(store, source).segments(1, files.sealed().size()).tails(2000, Long.MAX_VALUE);
    }

    private static void log(Path directory, int records) {
        try (Wal wal = SmallLog.open(directory)) {
            SmallLog.append(wal, records);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private RestoreReport restore(RestoreOptions options, Directories directories) {
        return ArchiveRestore.run(store, options, new Restore(store, options, new Retries(n -> {}), directories)::run);
    }

    private RestoreReport restore(RestoreOptions options) {
        return restore(options, Directories.REAL);
    }

    private RestoreOptions into() {
        return RestoreOptions.into(target).parallelism(2);
    }

    private void assertRestored(Path directory) {
        assertThat(SmallLog.read(directory)).isEqualTo(SmallLog.read(source));
        try (Wal wal = SmallLog.open(directory)) {
            assertThat(wal.recovery().lost()).isEmpty();
            assertThat(wal.appendDurable(1, SmallLog.bytes("next"))).isEqualTo(MANY + 1);
        }
    }

    // ---- locks

    /** An engine that tries to open the target at every step after the comparison. */
    private final class Engine implements Directories {
        final Set<Stage> stages = EnumSet.noneOf(Stage.class);
        int attempts;

        void tryToOpen() {
            attempts++;
            assertThatThrownBy(() -> SmallLog.open(target).close()).isInstanceOf(WalLockedException.class);
        }

        void progress(Stage stage, long done, long total) {
            if (stage != Stage.PROVE && stages.add(stage)) {
                tryToOpen();
            }
        }

        @Override
        public Storage open(Path directory) throws IOException {
            return Directories.REAL.open(directory);
        }

        @Override
        public void beforeChange(String what) {
            tryToOpen();
        }
    }

    @Test
    void engineCannotOpenTheTargetFromTheComparisonToTheLastMove() throws IOException {
        copy(dir.resolve("behind"), target);
        Engine engine = new Engine();
        RestoreReport report = restore(into().merge().progress(engine::progress), engine);
        assertThat(report.outcome()).isEqualTo(Outcome.MERGED);
        assertThat(engine.stages).contains(Stage.COMPARE, Stage.FETCH, Stage.CHECK);
        assertThat(engine.attempts).isGreaterThan(5);
        assertRestored(target);
    }

    @Test
    void engineCannotOpenTheTargetWhileMovesArePending() throws IOException {
        copy(dir.resolve("behind"), target);
        assertThatThrownBy(() -> restore(into().merge(), new CrashingDirectories("move in")))
                .isInstanceOf(WalException.class);
        assertThatThrownBy(() -> SmallLog.open(target).close())
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("run the same restore again");
        Engine engine = new Engine();
        RestoreReport report = restore(into(), engine);
        assertThat(report.outcome()).isEqualTo(Outcome.ALREADY_THERE);
        assertThat(engine.attempts).isPositive();
        assertRestored(target);
    }

    @Test
    void openLogIsNotChangedByPendingMoves() throws IOException {
        copy(dir.resolve("behind"), target);
        assertThatThrownBy(() -> restore(into().merge(), new CrashingDirectories("move in")))
                .isInstanceOf(WalException.class);
        LogFiles files = LogFiles.of(target);
        try (var lock = files.lock()) {
            assertThat(lock.lostBecause()).isNull();
            Set<String> before = tree(target);
            assertThatThrownBy(() -> restore(into())).isInstanceOf(WalLockedException.class);
            assertThat(tree(target)).isEqualTo(before);
        }
        restore(into());
        assertRestored(target);
    }

    @Test
    void concurrentRestoreIntoTheSameDirectoryIsRejected() {
        List<Throwable> second = new ArrayList<>();
        RestoreOptions options = into().progress((stage, done, total) -> {
            if (stage == Stage.FETCH && second.isEmpty()) {
                try {
                    restore(into());
                    second.add(new AssertionError("was not refused"));
                } catch (WalException e) {
                    second.add(e);
                }
            }
        });
        restore(options);
        assertThat(second)
                .singleElement()
                .isInstanceOf(WalLockedException.class)
                .asString()
                .contains(target.toString())
                .contains("process " + ProcessHandle.current().pid());
        assertRestored(target);
    }

    @Test
    void crashedRestoreDoesNotLockItsTarget() {
        assertThatThrownBy(() -> restore(into(), new CrashingDirectories("move in")))
                .isInstanceOf(WalException.class);
        restore(into());
        assertRestored(target);
    }

    @Test
    void engineDoesNotCreateAnEmptyLogAfterAnInterruptedRestore() throws IOException {
        HeapStore dead = store.client(request ->
                request.key().equals(ArchiveKeys.segment("orders", 2, 1)) ? HeapStore.Fault.DIE_BEFORE : null);
        RestoreOptions options = into();
        assertThatThrownBy(() -> ArchiveRestore.run(
                        dead, options, new Restore(dead, options, new Retries(n -> {}), Directories.REAL)::run))
                .isInstanceOf(WalException.class);
        assertThat(target).exists();
        assertThatThrownBy(() -> SmallLog.open(target).close())
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("run the same restore again");
        restore(into());
        assertRestored(target);
    }

    // ---- the directory

    private static Set<String> tree(Path directory) throws IOException {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.walk(directory)) {
            files.forEach(file -> names.add(directory.relativize(file).toString()));
        }
        return names;
    }

    private static Object identity(Path directory) throws IOException {
        return Files.readAttributes(directory, PosixFileAttributes.class).fileKey();
    }

    @Test
    void existingDirectoryIsNotReplaced() throws IOException {
        Files.createDirectories(target.resolve("lost+found"));
        Object before = identity(target);
        assertThat(restore(into()).outcome()).isEqualTo(Outcome.RESTORED);
        assertThat(identity(target)).isEqualTo(before);
        assertThat(target.resolve("lost+found")).isEmptyDirectory();
        assertThat(target.resolve(".restore")).doesNotExist();
        assertRestored(target);
        assertThat(Files.list(dir)).containsExactlyInAnyOrder(source, target, dir.resolve("behind"));
    }

    @Test
    void mergeDoesNotReplaceTheDirectoryAndKeepsTheOldLogInIt() throws IOException {
        copy(dir.resolve("behind"), target);
        Files.createDirectories(target.resolve("lost+found"));
        Files.writeString(target.resolve("notes.txt"), "mine");
        Object before = identity(target);
        RestoreReport report = restore(into().merge());
        assertThat(identity(target)).isEqualTo(before);
        assertThat(report.keptDirectory()).contains(target.resolve("before-restore-1"));
        assertThat(SmallLog.read(target.resolve("before-restore-1"))).hasSize(60);
        assertThat(target.resolve("notes.txt")).hasContent("mine");
        assertThat(Files.list(dir)).containsExactlyInAnyOrder(source, target, dir.resolve("behind"));
        assertRestored(target);
    }

    @Test
    void pointInTimeIsRestoredIntoAnExistingDirectory() throws IOException {
        Files.createDirectories(target.resolve("lost+found"));
        assertThat(restore(into().untilSequence(70)).outcome()).isEqualTo(Outcome.COPIED);
        assertThat(SmallLog.read(target)).hasSize(70);
        assertThat(target.resolve(".restore")).doesNotExist();
    }

    @Test
    void restoreIntoAMountPoint() throws IOException, InterruptedException {
        Files.createDirectories(target);
        assumeTrue(isRun("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", target.toString()), "no right to mount");
        try {
            Files.createDirectory(target.resolve("lost+found"));
            assertThat(restore(into()).outcome()).isEqualTo(Outcome.RESTORED);
            assertRestored(target);
        } finally {
            assertThat(isRun("umount", target.toString())).isTrue();
        }
    }

    private static boolean isRun(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void rejectedRestoreCreatesNothing() {
        assertThatThrownBy(() -> restore(into().untilSequence(MANY + 1))).isInstanceOf(WalException.class);
        assertThat(target).doesNotExist();
    }

    // ---- one listing

    private final class CountingDirectories implements Directories {
        final AtomicInteger lists = new AtomicInteger();

        @Override
        public Storage open(Path directory) throws IOException {
            Storage real = Directories.REAL.open(directory);
            return (Storage) Proxy.newProxyInstance(
                    Storage.class.getClassLoader(), new Class<?>[] {Storage.class}, (proxy, method, arguments) -> {
                        if (method.getName().equals("list")) {
                            lists.incrementAndGet();
                        }
                        try {
                            return method.invoke(real, arguments);
                        } catch (java.lang.reflect.InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }

        @Override
        public void beforeChange(String what) {}
    }

    @Test
    void numberOfListingsDoesNotGrowWithTheNumberOfSegments() throws IOException {
        int[] lists = new int[2];
        for (int i = 0; i < 2; i++) {
            Path log = dir.resolve("log-" + i);
            log(log, i == 0 ? 300 : 1500);
            HeapStore archive = new HeapStore();
            int sealed = LogFiles.of(log).sealed().size();
            new TestArchive(archive, log).segments(1, sealed);
            CountingDirectories directories = new CountingDirectories();
            RestoreOptions options = RestoreOptions.into(dir.resolve("into-" + i));
            RestoreReport report = ArchiveRestore.run(
                    archive, options, new Restore(archive, options, new Retries(n -> {}), directories)::run);
            assertThat(report.plan().segments()).isEqualTo(sealed);
            lists[i] = directories.lists.get();
        }
        assertThat(lists[1]).isEqualTo(lists[0]);
    }

    // ---- owner and permissions

    private static PosixFileAttributes attributes(Path path) throws IOException {
        return Files.readAttributes(path, PosixFileAttributes.class);
    }

    private static void assertModes(Path directory, String directoryMode, String fileMode) throws IOException {
        assertThat(PosixFilePermissions.toString(attributes(directory).permissions()))
                .isEqualTo(directoryMode);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(PosixFilePermissions.toString(attributes(file).permissions()))
                        .as("%s", file)
                        .isEqualTo(fileMode);
            }
        }
    }

    @Test
    void newDirectoryIsAccessibleToItsOwnerOnly() throws IOException {
        restore(into());
        assertModes(target, "rwx------", "rw-------");
        target = dir.resolve("point");
        restore(into().untilSequence(70));
        assertModes(target, "rwx------", "rw-------");
    }

    @Test
    void filesHaveThePermissionsOfTheExistingDirectory() throws IOException {
        Files.createDirectory(target);
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-x---"));
        restore(into());
        assertModes(target, "rwxr-x---", "rw-r-----");
    }

    @Test
    void filesBelongToTheOwnerOfTheDirectory() throws IOException {
        assumeTrue(Files.getOwner(dir).getName().equals("root"), "only root can give files away");
        var nobody = dir.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
        Files.createDirectory(target);
        Files.setOwner(target, nobody);
        restore(into());
        assertOwner(target, "nobody");
        Path home = Files.createDirectory(dir.resolve("home"));
        Files.setOwner(home, nobody);
        target = home.resolve("wal");
        restore(into());
        assertOwner(target, "nobody");
    }

    private static void assertOwner(Path directory, String owner) throws IOException {
        assertThat(Files.getOwner(directory).getName()).isEqualTo(owner);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                assertThat(Files.getOwner(file).getName()).as("%s", file).isEqualTo(owner);
            }
        }
    }
}
