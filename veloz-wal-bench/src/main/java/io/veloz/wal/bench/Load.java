package io.veloz.wal.bench;

import io.veloz.wal.Wal;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Durable appends at a fixed rate. Each is due at a time of its own, and its latency counts from then: an append that has
 * to wait for the one before it has waited (no coordinated omission). Appends in the thread that calls it, which does not
 * wait for the disk: an append ends when the log calls back.
 */
final class Load {
    private static final int RECORD_TYPE = 1;
    private static final int PAYLOAD_BYTES = 200;

    private final int eachSecond;
    private final Histogram latencies = new ConcurrentHistogram(TimeUnit.MINUTES.toNanos(1), 3);

    Load(int eachSecond) {
        this.eachSecond = eachSecond;
    }

    /** What is told of each append, when it is durable, by the log's thread. */
    interface Durable {
        void on(long sequence, long nanos);
    }

    /** Returns when everything that was due in so many seconds is durable. */
    void run(Wal wal, double seconds, Durable durable) {
        long between = TimeUnit.SECONDS.toNanos(1) / eachSecond;
        long appends = (long) (seconds * eachSecond);
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

    /** From due to durable, of all runs so far. */
    Histogram latencies() {
        return latencies.copy();
    }
}
