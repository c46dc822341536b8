package io.veloz.wal.archive.internal.fill;

import io.veloz.wal.archive.internal.restore.Ownership;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a closed log while a fill has its lock. Each file that is created gets the owner and the permissions of the
 * directory, so that the engine can open a log that root has filled in. No file is changed after the lock was lost, because another
 * process may have opened the log. Thread-safe, but only one lock is taken.
 */
public final class LockedLogStorage implements Storage {
    private final Path directory;
    private final Storage disk;
    private final Ownership ownership;
    private volatile @Nullable StorageLock lock;

    /** @throws io.veloz.wal.WalOpenException if the directory does not exist */
    public LockedLogStorage(Path directory) throws IOException {
        this.directory = directory;
        this.disk = DiskStorage.open(directory);
        this.ownership = new Ownership(directory);
    }

    /** Returns what the operator has to do about the owner of the files; empty if nothing. */
    public Optional<String> note() {
        synchronized (ownership) {
            return ownership.note();
        }
    }

    private void checkLock() throws IOException {
        @Nullable String lost = Objects.requireNonNull(lock, "not locked").lostBecause();
        if (lost != null) {
            throw new IOException(lost);
        }
    }

    private void own(String name) throws IOException {
        synchronized (ownership) {
            ownership.apply(directory.resolve(name));
        }
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        boolean isNew = !disk.exists(name);
        StorageLock taken = disk.lock(name);
        lock = taken;
        if (isNew) {
            own(name);
        }
        return taken;
    }

    @Override
    public StorageFile create(String name) throws IOException {
        checkLock();
        StorageFile file = disk.create(name);
        try {
            own(name);
            return file;
        } catch (Throwable t) {
            file.close();
            throw t;
        }
    }

    @Override
    public StorageFile open(String name) throws IOException {
        checkLock();
        return disk.open(name);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        checkLock();
        disk.rename(from, to);
    }

    @Override
    public void delete(String name) throws IOException {
        checkLock();
        disk.delete(name);
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        return disk.openForReading(name);
    }

    @Override
    public void forceDirectory() throws IOException {
        disk.forceDirectory();
    }

    @Override
    public String describe() {
        return disk.describe();
    }

    @Override
    public List<String> list() throws IOException {
        return disk.list();
    }

    @Override
    public Map<String, String> irregular() throws IOException {
        return disk.irregular();
    }

    @Override
    public long usableBytes() throws IOException {
        return disk.usableBytes();
    }

    @Override
    public boolean isLocked(String name) throws IOException {
        return disk.isLocked(name);
    }
}
