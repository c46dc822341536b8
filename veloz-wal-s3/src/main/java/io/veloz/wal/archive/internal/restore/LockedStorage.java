package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * A directory whose lock this restore holds: reading it does not take the restore itself for a writer. Any thread may use it.
 */
record LockedStorage(Storage storage) implements Storage {
    @Override
    public boolean isLocked(String name) {
        return false;
    }

    @Override
    public String describe() {
        return storage.describe();
    }

    @Override
    public List<String> list() throws IOException {
        return storage.list();
    }

    @Override
    public Map<String, String> irregular() throws IOException {
        return storage.irregular();
    }

    @Override
    public StorageFile create(String name) throws IOException {
        return storage.create(name);
    }

    @Override
    public StorageFile open(String name) throws IOException {
        return storage.open(name);
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        return storage.openForReading(name);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        storage.rename(from, to);
    }

    @Override
    public void delete(String name) throws IOException {
        storage.delete(name);
    }

    @Override
    public void forceDirectory() throws IOException {
        storage.forceDirectory();
    }

    @Override
    public long usableBytes() throws IOException {
        return storage.usableBytes();
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        return storage.lock(name);
    }
}
