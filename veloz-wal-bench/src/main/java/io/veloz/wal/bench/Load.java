package io.veloz.wal.bench;

import io.veloz.wal.Wal;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Durable appends at a fixed rate. The latency of each append is measured from its scheduled time, so that the wait for an
 * earlier append is included (no coordinated omission). Appends on the calling thread, which does not wait for the disk: an
 * append ends when its future completes.
 */
final class Load {
    private static final int RECORD_TYPE = 1;
    private static final int PAYLOAD_BYTES = 200;

    private final int recordsPerSecond;
    private final Histogram latencies = new ConcurrentHistogram(TimeUnit.MINUTES.toNanos(1), 3);

    Load(int recordsPerSecond) {
        this.recordsPerSecond = recordsPerSecond;
    }

    /** Receives each append once it is durable, on the log's notifier thread. */
    interface Durable {
        void on(long sequence, long nanos);
    }

    /** Appends for a number of seconds, and returns when all records are durable. */
    void run(Wal wal, double seconds, Durable durable) {
        long between = TimeUnit.SECONDS.toNanos(1) / recordsPerSecond;
        long appends = (long) (seconds * recordsPerSecond);
        long first = System.nanoTime();
        long last = 0;
        for (long i = 0; i < appends; i++) {
            long due = first + i * between;
            for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
                LockSupport.parkNanos(early);
            }
            last = append(wal, due, durable);
        }
        wal.awaitDurable(last);
    }

    private long append(Wal wal, long due, Durable durable) {
        var unused = wal.appendAsync(
                        RECORD_TYPE, ByteBuffer.allocate(PAYLOAD_BYTES).putLong(0, due))
                .thenAccept(sequence -> {
                    long now = System.nanoTime();
                    latencies.recordValue(now - due);
                    durable.on(sequence, now);
                });
        return wal.lastSequence();
    }

    /** Returns the latencies from scheduled to durable, of all runs so far. */
    Histogram latencies() {
        return latencies.copy();
    }
}
