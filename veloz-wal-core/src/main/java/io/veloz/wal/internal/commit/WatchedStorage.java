package io.veloz.wal.internal.commit;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * The storage of an open log. Any thread may use it.
 *
 * <p>All threads share one directory, and a failed force of it can take away names that another thread has changed, though
 * the next force succeeds. So it fails the log, whoever asked for it: also a checkpoint or a trim.
 */
final class WatchedStorage implements Storage {
    private final Storage storage;
    private final CommitState state;
    private final String forceFailed;

    WatchedStorage(Storage storage, CommitState state) {
        this.storage = storage;
        this.state = state;
        this.forceFailed = "force of directory " + storage.describe() + " failed";
    }

    @Override
    public void forceDirectory() throws IOException {
        try {
            storage.forceDirectory();
        } catch (Throwable t) {
            // Also an error: whether the directory was forced is not known.
            state.fail(forceFailed, t);
            throw t;
        }
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
    public long usableBytes() throws IOException {
        return storage.usableBytes();
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        return storage.lock(name);
    }

    @Override
    public boolean isLocked(String name) throws IOException {
        return storage.isLocked(name);
    }
}
