package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.util.List;

/** A read-only view of one segment in a directory, which can be read as a log. Thread-safe. */
record SingleFileStorage(Storage storage, String name) implements Storage {
    @Override
    public String describe() {
        return storage.describe();
    }

    @Override
    public List<String> list() {
        return List.of(name);
    }

    @Override
    public StorageFile openForReading(String file) throws IOException {
        return storage.openForReading(file);
    }

    @Override
    public boolean isLocked(String file) {
        return false;
    }

    @Override
    public long usableBytes() throws IOException {
        return storage.usableBytes();
    }

    @Override
    public StorageFile create(String file) {
        throw readOnly();
    }

    @Override
    public StorageFile open(String file) {
        throw readOnly();
    }

    @Override
    public void rename(String from, String to) {
        throw readOnly();
    }

    @Override
    public void delete(String file) {
        throw readOnly();
    }

    @Override
    public void forceDirectory() {
        throw readOnly();
    }

    @Override
    public StorageLock lock(String file) {
        throw readOnly();
    }

    private UnsupportedOperationException readOnly() {
        return new UnsupportedOperationException(name + " is read-only");
    }
}
