package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ShipperStatus;
import io.veloz.wal.spi.LogFiles;
import java.time.Duration;

/** The end of a log that another process may write. Not thread-safe. */
final class LogEnd {
    private static final long READ_INTERVAL_NANOS = 5_000_000_000L;

    private final ReadOptions options;
    private long readNanos;
    private long lastSequence;
    private long equalNanos = System.nanoTime();

    LogEnd(LogFiles files) {
        this.options = ReadOptions.of(files.storage()).prefix(files.prefix());
        this.readNanos = equalNanos - READ_INTERVAL_NANOS;
    }

    /** @param readNow whether to read the active segment now instead of at the next interval */
    ShipView view(ShipperStatus status, boolean readNow) {
        long now = System.nanoTime();
        if (readNow || now - readNanos >= READ_INTERVAL_NANOS) {
            readNanos = now;
            readEnd();
        }
        long durable = Math.max(Math.max(lastSequence, status.durableSequence()), status.archivedSequence());
        if (durable <= status.archivedSequence()) {
            equalNanos = now;
        }
        return new ShipView(status, durable, Duration.ofNanos(now - equalNanos));
    }

    private void readEnd() {
        try {
            lastSequence = WalRecovery.inspect(options).lastSequence();
        } catch (WalException e) {
            // Affects only the displayed lag. The shipper reads the same files and reports the error.
            lastSequence = Math.max(lastSequence, 0);
        }
    }
}
