package io.veloz.wal;

import org.jspecify.annotations.Nullable;

/**
 * A write or a force (fsync) failed, and this instance of the log never acknowledges a record again. Every record up to
 * {@link #durableSequence()} is safe. The records from {@link #firstInDoubt()} to {@link #lastInDoubt()} may or may not
 * be on disk.
 *
 * <p>Next step: close the log and open it again. Its last sequence then shows which of the records in doubt it has.
 *
 * <p>A failed force is not retried, because the kernel may drop the dirty pages after a failure and report success for
 * the next force (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
 */
public final class WalFailedException extends WalException {
    private final long durableSequence;
    private final long lastInDoubt;

    public WalFailedException(String reason, long durableSequence, long lastInDoubt, @Nullable Throwable cause) {
        super(message(reason, durableSequence, lastInDoubt), cause);
        this.durableSequence = durableSequence;
        this.lastInDoubt = lastInDoubt;
    }

    private static String message(String reason, long durableSequence, long lastInDoubt) {
        return reason + "; durable up to " + durableSequence + ", " + doubt(durableSequence + 1, lastInDoubt)
                + "; close the log and open it again";
    }

    private static String doubt(long first, long last) {
        if (last < first) {
            return "no record is in doubt";
        }
        return last == first
                ? "record " + first + " is in doubt"
                : "records " + first + " to " + last + " are in doubt";
    }

    /** Returns the last durable record. */
    public long durableSequence() {
        return durableSequence;
    }

    /** Returns the first record in doubt. */
    public long firstInDoubt() {
        return durableSequence + 1;
    }

    /** Returns the last record in doubt. It is less than {@link #firstInDoubt()} if no record is in doubt. */
    public long lastInDoubt() {
        return lastInDoubt;
    }
}
