package io.veloz.wal.internal.commit;

import io.veloz.wal.internal.CallbackFuture;

/**
 * The future of an append, and the sequence that it completes with: of its record, or of the last one of its group. Made
 * before the sequence is claimed, so that a claim that succeeded needs no more memory.
 */
public class PendingAppend extends CallbackFuture<Long> {
    /** Set once, before the future is registered. */
    long sequence;

    PendingAppend(Notifier notifier) {
        super(notifier.ownThread());
    }

    /** Once it is claimed, and before {@link LogWriter#register}. */
    public void sequence(long claimed) {
        sequence = claimed;
    }

    @Override
    public String toString() {
        return "the append of record " + sequence;
    }
}
