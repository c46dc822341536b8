package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.WalLockedException;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The locks of the log's directories during a switch: of the one in place, and of those that are put in place or set aside.
 * A lock stays with its directory when that is renamed, so no engine opens one of them before all steps are done. It belongs
 * to one thread.
 */
public final class LogLocks implements Closeable {
    private final Optional<EngineSettings> settings;

    /** By the identity of the lock file, because a directory may be added under several names. */
    private final Map<Object, StorageLock> held = new HashMap<>();

    /** Creates a set of locks; it stays empty if the profile has no engine. */
    public LogLocks(Optional<EngineSettings> settings) {
        this.settings = settings;
    }

    /**
     * Takes the lock of a directory that is not replaced, if it has a lock file: an engine that has the log open has made one.
     * Creates none. Does nothing on a read-only file system, where no engine can write a log.
     *
     * @throws RecoveryException ENGINE_RUNS
     */
    public void addIfLockable(Path directory) throws IOException {
        if (settings.isEmpty()
                || !Files.isDirectory(directory)
                || Files.getFileStore(directory).isReadOnly()) {
            return;
        }
        LogFiles log = LogFiles.of(DiskStorage.open(directory), settings.get().logPrefix());
        if (Files.exists(directory.resolve(log.lockName()), LinkOption.NOFOLLOW_LINKS)) {
            add(directory);
        }
    }

    /**
     * Takes the lock of a directory that is replaced, put in place or set aside. Creates its lock file if it has none. Does
     * nothing if the directory does not exist, or its lock is held here.
     *
     * @throws RecoveryException ENGINE_RUNS
     */
    public void add(Path directory) throws IOException {
        // The directory may be a symbolic link: an engine that opens it locks the same file.
        if (settings.isEmpty() || !Files.isDirectory(directory)) {
            return;
        }
        LogFiles log = LogFiles.of(DiskStorage.open(directory), settings.get().logPrefix());
        Path file = directory.resolve(log.lockName());
        boolean exists = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        if (exists && held.containsKey(key(file))) {
            return;
        }
        try {
            StorageLock lock = log.lock();
            held.put(key(file), lock);
        } catch (WalLockedException e) {
            throw new RecoveryException(
                    Reason.ENGINE_RUNS,
                    "a process has the order log in " + directory + " open: stop the engine, and run this again: "
                            + e.getMessage(),
                    e);
        }
        if (!exists) {
            takeOwner(file, directory);
        }
    }

    /**
     * Opens a directory of a log for reading. A lock that is held here is reported as free: a reader that assumes a writer does
     * not return the last records of a log whose process died.
     */
    Storage open(Path directory) throws IOException {
        DiskStorage storage = DiskStorage.open(directory);
        return isHeld(storage) ? new Excluded(storage) : storage;
    }

    private boolean isHeld(DiskStorage storage) throws IOException {
        if (settings.isEmpty()) {
            return false;
        }
        Path file = storage.directory()
                .resolve(LogFiles.of(storage, settings.get().logPrefix()).lockName());
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS) && held.containsKey(key(file));
    }

    /** A directory that no other process can write a log in. Thread-safe. */
    private static final class Excluded extends ForwardingStorage {
        Excluded(Storage storage) {
            super(storage);
        }

        @Override
        public boolean isLocked(String name) {
            return false;
        }
    }

    private static Object key(Path file) throws IOException {
        return Objects.requireNonNull(
                Files.readAttributes(file, BasicFileAttributes.class).fileKey(), "a POSIX file system has file keys");
    }

    /** The engine must be able to open a lock file that was made here. */
    private static void takeOwner(Path file, Path directory) throws IOException {
        for (String attribute : new String[] {"unix:uid", "unix:gid"}) {
            Object owner = Files.getAttribute(directory, attribute);
            if (!owner.equals(Files.getAttribute(file, attribute))) {
                Files.setAttribute(file, attribute, owner);
            }
        }
    }

    @Override
    public void close() throws IOException {
        for (StorageLock lock : held.values()) {
            lock.close();
        }
        held.clear();
    }
}
