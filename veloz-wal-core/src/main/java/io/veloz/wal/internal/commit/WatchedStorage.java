package io.veloz.wal.internal.commit;

import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import java.io.IOException;

/**
 * The storage of an open log, which fails the log when a force of the directory fails. Thread-safe.
 *
 * <p>All threads share one directory. A failed force can lose names that another thread has changed, even if the next force
 * succeeds. So it fails the log whichever thread has called it, also for a checkpoint or a trim.
 */
public final class WatchedStorage extends ForwardingStorage {
    private final Storage storage;
    private final CommitState state;

    /** Not a literal or a concatenation at its use, see {@link CommitState#fail}. */
    private final String failure;

    public WatchedStorage(Storage storage, CommitState state) {
        super(storage);
        this.storage = storage;
        this.state = state;
        this.failure = "force of directory " + storage.describe() + " failed";
    }

    @Override
    public boolean exists(String name) throws IOException {
        return storage.exists(name);
    }

    @Override
    public void forceDirectory() throws IOException {
        try {
            super.forceDirectory();
        } catch (Throwable t) {
            // Includes errors: whether the directory was forced is unknown.
            state.fail(failure, t);
            throw t;
        }
    }
}
