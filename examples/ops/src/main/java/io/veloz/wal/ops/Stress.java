package io.veloz.wal.ops;

import io.veloz.wal.Wal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Threads that append and say what is durable, until enough is done or something fails. For one run. */
final class Stress {
    /** A type that no order event has. */
    static final int RECORD_TYPE = 1000;

    private final Wal wal;
    private final LineOutput out;
    private final int threads;
    private final long records;
    private final long untilNanos;
    private final long seed;
    private final int size;
    private final long last;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Stress(Wal wal, LineOutput out, int threads, long records, long seconds, long seed, int size) {
        this.wal = wal;
        this.out = out;
        this.threads = threads;
        this.records = records;
        this.untilNanos = System.nanoTime() + seconds * 1_000_000_000L;
        this.seed = seed;
        this.size = size;
        this.last = wal.lastSequence();
    }

    /** Returns what ended it too early, or null. */
    @Nullable
    Throwable run() {
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int worker = i;
            workers.add(new Thread(() -> work(worker), "stress-" + i));
        }
        workers.forEach(Thread::start);
        for (Thread worker : workers) {
            try {
                worker.join();
            } catch (InterruptedException e) {
                failure.compareAndSet(null, e);
            }
        }
        return failure.get();
    }

    /** Each worker has its share of the names; of one worker the names are the sequences. */
    private void work(int worker) {
        StressPayload payload = new StressPayload(seed, size);
        try {
            for (long name = last + 1 + worker; name - last <= records && goesOn(); name += threads) {
                append(payload, name);
            }
        } catch (Throwable t) {
            failure.compareAndSet(null, t);
        }
    }

    private boolean goesOn() {
        return failure.get() == null && System.nanoTime() - untilNanos < 0;
    }

    private void append(StressPayload payload, long name) {
        var bytes = payload.fill(name);
        int checksum = payload.checksum();
        if (threads == 1) {
            out.say("try", name, checksum);
        }
        long sequence = wal.appendDurable(RECORD_TYPE, bytes);
        out.say("acked", sequence, checksum);
    }
}
