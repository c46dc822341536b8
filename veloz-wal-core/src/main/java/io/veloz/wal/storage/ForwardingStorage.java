package io.veloz.wal.storage;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A storage that forwards every call to another one: the base class of storages that change a few methods. Thread-safe if
 * the subclass is.
 */
public abstract class ForwardingStorage implements Storage {
    private final Storage delegate;

    /** Creates a storage that forwards to the given one. */
    protected ForwardingStorage(Storage delegate) {
        this.delegate = Objects.requireNonNull(delegate, "delegate");
    }

    @Override
    public String describe() {
        return delegate.describe();
    }

    @Override
    public List<String> list() throws IOException {
        return delegate.list();
    }

    @Override
    public Map<String, String> irregular() throws IOException {
        return delegate.irregular();
    }

    @Override
    public StorageFile create(String name) throws IOException {
        return delegate.create(name);
    }

    @Override
    public StorageFile open(String name) throws IOException {
        return delegate.open(name);
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        return delegate.openForReading(name);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        delegate.rename(from, to);
    }

    @Override
    public void delete(String name) throws IOException {
        delegate.delete(name);
    }

    @Override
    public void forceDirectory() throws IOException {
        delegate.forceDirectory();
    }

    @Override
    public long usableBytes() throws IOException {
        return delegate.usableBytes();
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        return delegate.lock(name);
    }

    @Override
    public boolean isLocked(String name) throws IOException {
        return delegate.isLocked(name);
    }
}
