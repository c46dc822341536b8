package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ShipperStatus;
import io.veloz.wal.spi.LogFiles;
import java.time.Duration;

/** How far a log is that somebody else may write. For one thread. */
final class LocalEnd {
    private static final long BETWEEN_LOOKS_NANOS = 5_000_000_000L;

    private final ReadOptions options;
    private long lookedNanos;
    private long lastSequence;
    private long equalNanos = System.nanoTime();

    LocalEnd(LogFiles files) {
        this.options = ReadOptions.of(files.storage()).prefix(files.prefix());
        this.lookedNanos = equalNanos - BETWEEN_LOOKS_NANOS;
    }

    /** @param looksNow to look is to read the active segment: else it is done now and then */
    ShipView view(ShipperStatus status, boolean looksNow) {
        long now = System.nanoTime();
        if (looksNow || now - lookedNanos >= BETWEEN_LOOKS_NANOS) {
            lookedNanos = now;
            look();
        }
        long durable = Math.max(Math.max(lastSequence, status.durableSequence()), status.archivedSequence());
        if (durable <= status.archivedSequence()) {
            equalNanos = now;
        }
        return new ShipView(status, durable, Duration.ofNanos(now - equalNanos));
    }

    private void look() {
        try {
            lastSequence = WalRecovery.inspect(options).lastSequence();
        } catch (WalException e) {
            // Only the lag comes from here. The shipper reads the same files, and says what is wrong with them.
            lastSequence = Math.max(lastSequence, 0);
        }
    }
}
