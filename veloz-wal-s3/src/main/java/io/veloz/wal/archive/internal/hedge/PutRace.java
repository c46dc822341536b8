package io.veloz.wal.archive.internal.hedge;

import io.veloz.wal.archive.store.StoreException;
import org.jspecify.annotations.Nullable;

/**
 * The copies of one put, which end in any order on any thread. The first one that the store has answered decides. A copy that failed
 * decides nothing, because the other one may have created the object. Thread-safe.
 */
public final class PutRace {
    private int running;
    private @Nullable Boolean created;
    private @Nullable Throwable failure;

    /** A copy is about to be sent. */
    public synchronized void sending() {
        running++;
    }

    /** The store has answered a copy: whether that copy created the object. Ignored if another copy has decided. */
    public synchronized void answered(boolean copyCreated) {
        running--;
        if (created == null) {
            created = copyCreated;
        }
    }

    /** The outcome of a copy is unknown, or it was not sent. */
    public synchronized void failed(Throwable error) {
        running--;
        if (failure == null) {
            failure = error;
        } else if (failure != error) {
            failure.addSuppressed(error);
        }
    }

    /** Returns whether the result is known: a copy was answered, or all have failed. */
    public synchronized boolean isDecided() {
        return created != null || running == 0;
    }

    /**
     * Returns whether a copy created the object. If it is false, the other copy or another writer created it.
     *
     * @throws StoreException if all copies failed. Each of them may arrive at any later time
     * @throws IllegalStateException if the result is not known yet
     */
    public synchronized boolean result() throws StoreException {
        if (created != null) {
            return created;
        } else if (running > 0 || failure == null) {
            throw new IllegalStateException(running + " copies are being sent");
        } else if (failure instanceof StoreException store) {
            throw store;
        } else if (failure instanceof Error error) {
            throw error;
        } else if (failure instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        throw new IllegalStateException("unexpected failure of a put", failure);
    }
}
