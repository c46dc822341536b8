package io.veloz.wal;

import org.jspecify.annotations.Nullable;

/**
 * A write or a force failed, and this instance never acknowledges anything again. Everything up to
 * {@link #durableSequence()} is safe. The records from {@link #firstInDoubt()} to {@link #lastInDoubt()} may or may not
 * be there: close, open again, and look.
 *
 * <p>A force is not tried twice, because after a failed one the kernel may drop the pages and call the next one good
 * (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
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

    public long durableSequence() {
        return durableSequence;
    }

    public long firstInDoubt() {
        return durableSequence + 1;
    }

    /** Below {@link #firstInDoubt()} if no record is in doubt. */
    public long lastInDoubt() {
        return lastInDoubt;
    }
}
