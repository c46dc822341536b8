package io.veloz.wal.bench;

import io.veloz.wal.archive.ShipperListener;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.HdrHistogram.Histogram;

/** Measures the time from durable to archived of each record. Called by the log's notifier thread and the shipper's thread. */
final class Archiving implements ShipperListener, Load.Durable {
    private final AtomicLongArray durableAt;
    private final Histogram lags;
    private long archived;

    /** @param lags receives the lags; only the shipper's thread writes to it */
    Archiving(int records, Histogram lags) {
        this.durableAt = new AtomicLongArray(records + 1);
        this.lags = lags;
    }

    static Histogram histogram() {
        return new Histogram(TimeUnit.MINUTES.toNanos(10), 3);
    }

    @Override
    public void on(long sequence, long nanos) {
        durableAt.set((int) sequence, nanos);
    }

    @Override
    public void onArchived(long sequence) {
        long now = System.nanoTime();
        for (long each = archived + 1; each <= sequence; each++) {
            long since = durableAt.get((int) each);
            // 0: archived before the log has reported it as durable.
            lags.recordValue(since == 0 ? 0 : Math.max(0, now - since));
        }
        archived = sequence;
    }
}
