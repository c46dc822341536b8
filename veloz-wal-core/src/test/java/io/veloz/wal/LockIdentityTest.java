package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.child.Child;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.StorageLock;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The pitfall of POSIX locks: a process that closes any channel on the lock file loses the lock without an error. */
@Timeout(120)
@EnabledOnOs({OS.LINUX, OS.MAC})
class LockIdentityTest {
    private static final String LOCK = "orders.lock";

    @TempDir
    Path parent;

    private Path directory() {
        return parent.resolve("wal");
    }

    private void assertOtherProcessIsRefused() throws Exception {
        try (Child child = Child.start("hold", directory())) {
            assertThat(child.line()).isEqualTo("opening");
            assertThat(child.line())
                    .startsWith("refused ")
                    .contains("process " + ProcessHandle.current().pid());
        }
    }

    @FunctionalInterface
    private interface Deed {
        void run() throws Exception;
    }

    private void lockSurvives(Deed deed) throws Exception {
        try (Wal wal = Wal.open(small(DiskStorage.createOrOpen(directory())).build())) {
            wal.appendDurable(1, payload("a"));
            deed.run();
            assertOtherProcessIsRefused();
            wal.appendDurable(1, payload("b"));
        }
    }

    @Test
    void readerThatReachesTheLockFileByAnotherPathLeavesTheLock() throws Exception {
        // A hard link is another path of the same file, like a second mount of the directory.
        Path other = Files.createDirectory(parent.resolve("other"));
        lockSurvives(() -> {
            Files.createLink(other.resolve(LOCK), directory().resolve(LOCK));
            assertThat(DiskStorage.open(other).isLocked(LOCK)).isTrue();
            assertThatThrownBy(() -> DiskStorage.open(other).lock(LOCK)).isInstanceOf(WalLockedException.class);
        });
    }

    @Test
    void replacedSystemPropertiesLeaveTheLock() throws Exception {
        Properties before = System.getProperties();
        try {
            lockSurvives(() -> {
                Properties others = new Properties();
                others.putAll(before);
                others.keySet().removeIf(key -> key.toString().startsWith("io.veloz"));
                System.setProperties(others);
                assertThat(DiskStorage.open(directory()).isLocked(LOCK)).isTrue();
                assertThatThrownBy(() -> Wal.open(directory())).isInstanceOf(WalLockedException.class);
            });
        } finally {
            System.setProperties(before);
        }
    }

    @Test
    void otherClassLoaderThatProbesOrOpensLeavesTheLock() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String entry : Child.classPath().split(File.pathSeparator, -1)) {
            urls.add(Path.of(entry).toUri().toURL());
        }
        try (URLClassLoader loader =
                new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            Class<?> type = loader.loadClass(DiskStorage.class.getName());
            lockSurvives(() -> {
                Object storage = type.getMethod("open", Path.class).invoke(null, directory());
                for (int i = 0; i < 3; i++) {
                    assertThat(type.getMethod("isLocked", String.class).invoke(storage, LOCK))
                            .isEqualTo(true);
                    assertThatThrownBy(
                                    () -> type.getMethod("lock", String.class).invoke(storage, LOCK))
                            .rootCause()
                            .hasMessageContaining(
                                    "process " + ProcessHandle.current().pid());
                }
            });
            Object storage = type.getMethod("open", Path.class).invoke(null, directory());
            assertThat(type.getMethod("isLocked", String.class).invoke(storage, LOCK))
                    .isEqualTo(false);
        }
        Wal.open(directory()).close();
    }

    /** Opens and closes the lock file, as a backup of the directory does. */
    private void copyLockFile() throws Exception {
        Files.copy(directory().resolve(LOCK), parent.resolve("copy"));
    }

    @Test
    void lockThatACopyOfItsFileHasReleasedIsTakenAgainAtTheNextCheck() throws Exception {
        try (StorageLock lock = DiskStorage.createOrOpen(directory()).lock(LOCK)) {
            copyLockFile();
            assertThat(lock.lostBecause()).isNull();
            assertOtherProcessIsRefused();
            assertThat(lock.lostBecause()).isNull();
        }
    }

    @Test
    void processThatTookALostLockIsDetectedEvenAfterItHasEnded() throws Exception {
        try (StorageLock lock = DiskStorage.createOrOpen(directory()).lock(LOCK)) {
            copyLockFile();
            try (Child child = Child.start("hold", directory())) {
                child.lineWith("open ");
                assertThat(lock.lostBecause()).contains("taken over by process " + child.pid());
            }
            assertThat(lock.lostBecause()).contains("taken over by process ");
        }
    }

    @Test
    void logThatHasLostItsLockToAnotherProcessFailsByItself() throws Exception {
        Wal wal = Wal.open(small(DiskStorage.createOrOpen(directory())).build());
        wal.appendDurable(1, payload("a"));
        try (Child child = Child.start("fight", directory())) {
            child.lineWith("ready");
            String answer = "";
            // The process is refused if the check of the log came first. Then the lock is lost once more.
            while (!answer.startsWith("open ")) {
                Files.deleteIfExists(parent.resolve("copy"));
                copyLockFile();
                child.send("open");
                answer = String.valueOf(child.line());
            }
            Logs.await("failed", () -> wal.stats().failed());
        }
        assertThatThrownBy(() -> wal.append(1, payload("b")))
                .isInstanceOf(WalFailedException.class)
                .hasMessageContaining("taken over by process");
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
    }
}
