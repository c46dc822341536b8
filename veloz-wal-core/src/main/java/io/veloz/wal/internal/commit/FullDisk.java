package io.veloz.wal.internal.commit;

import io.veloz.wal.WalListener;
import io.veloz.wal.internal.commit.Handover.StoppedException;
import io.veloz.wal.storage.StorageFullException;
import java.io.IOException;

/**
 * A lack of room as the housekeeping thread meets it: told once when it begins and once when it ends, and waited for. It
 * belongs to that thread.
 */
final class FullDisk {
    private static final long RETRY_NANOS = 1_000_000_000;

    private final CommitState state;
    private final Notifier notifier;
    private final Handover handover;
    private final LockWatch lockWatch;

    FullDisk(CommitState state, Notifier notifier, Handover handover, LockWatch lockWatch) {
        this.state = state;
        this.notifier = notifier;
        this.handover = handover;
        this.lockWatch = lockWatch;
    }

    /** Something that leaves nothing behind when it fails for lack of room. */
    @FunctionalInterface
    interface RoomTaker<T> {
        T run() throws IOException;
    }

    /**
     * Returns when there was room for it. A trim that has made some ends the wait.
     *
     * @throws StoppedException if the log is closing, and there is still none
     */
    <T> T whenThereIsRoom(RoomTaker<T> taker) throws IOException {
        while (true) {
            try {
                T result = taker.run();
                end();
                return result;
            } catch (StorageFullException e) {
                begin(e);
            }
            lockWatch.look();
            if (!handover.pause(RETRY_NANOS)) {
                throw new StoppedException();
            }
        }
    }

    void begin(StorageFullException cause) {
        if (state.diskFull == null) {
            String reason = String.valueOf(cause.getMessage());
            state.diskFull = reason;
            notifier.event(listener -> listener.onDiskFull(reason));
            handover.wake();
        }
    }

    void end() {
        if (state.diskFull != null) {
            state.diskFull = null;
            notifier.event(WalListener::onDiskFullEnded);
        }
    }
}
