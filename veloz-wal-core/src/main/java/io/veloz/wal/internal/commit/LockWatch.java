package io.veloz.wal.internal.commit;

import io.veloz.wal.storage.StorageLock;
import org.jspecify.annotations.Nullable;

/**
 * Fails the log when its lock is none any more: somebody has removed the lock file or the directory, and a second owner
 * could be let in. Any thread may look, except the commit thread, which waits for nothing but its own file.
 */
final class LockWatch {
    private final StorageLock lock;
    private final CommitState state;

    LockWatch(StorageLock lock, CommitState state) {
        this.lock = lock;
        this.state = state;
    }

    void look() {
        @Nullable String why = state.hasFailed() ? null : lock.lostBecause();
        if (why != null) {
            state.fail(why, null);
        }
    }
}
