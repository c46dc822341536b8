package io.veloz.wal.backup;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalRecovery;
import java.nio.file.Path;

/** Where the order log is at the moment. Any thread may call it. */
@FunctionalInterface
public interface LogPosition {
    /** The last durable record; 0 if there is none. */
    long durableSequence();

    /** Of a log that this process has open. */
    static LogPosition of(Wal wal) {
        return wal::durableSequence;
    }

    /** Of a log that another process writes, or none: what its files promise, which may lag by a batch. */
    static LogPosition of(Path directory) {
        return () -> Math.max(0, WalRecovery.inspect(ReadOptions.of(directory)).lastSequence());
    }
}
