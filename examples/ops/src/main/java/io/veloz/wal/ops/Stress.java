package io.veloz.wal.ops;

import io.veloz.wal.Wal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Appends with several threads and prints the durable records, until a limit is reached or an append fails. For one run. */
final class Stress {
    /** Not a type of an order event. */
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

    /** Returns the failure that ended the run, or null. */
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

    /** Each worker has its own names of records. With one worker, the names are equal to the sequences. */
    private void work(int worker) {
        StressPayload payload = new StressPayload(seed, size);
        try {
            for (long name = last + 1 + worker; name - last <= records && isRunning(); name += threads) {
                append(payload, name);
            }
        } catch (Throwable t) {
            failure.compareAndSet(null, t);
        }
    }

    private boolean isRunning() {
        return failure.get() == null && System.nanoTime() - untilNanos < 0;
    }

    private void append(StressPayload payload, long name) {
        var bytes = payload.fill(name);
        int checksum = payload.checksum();
        if (threads == 1) {
            out.println("try", name, checksum);
        }
        long sequence = wal.appendDurable(RECORD_TYPE, bytes);
        out.println("acked", sequence, checksum);
    }
}
