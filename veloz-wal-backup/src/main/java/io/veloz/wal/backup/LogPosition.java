package io.veloz.wal.backup;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalRecovery;

/** The end of the order log at the moment. Any thread may call it. */
@FunctionalInterface
public interface LogPosition {
    /** Returns the last record or a later one: no record that was acknowledged before the call has a higher sequence. */
    long lastSequence();

    /** Returns the position of a log that this process has open. */
    static LogPosition of(Wal wal) {
        // The caller of an append continues as soon as the record is durable, and not before.
        return wal::durableSequence;
    }

    /** Returns the position of a log that another process writes, or none. It reads the end of the files at each call. */
    static LogPosition of(ReadOptions options) {
        return () -> WalRecovery.lastSequence(options);
    }
}
