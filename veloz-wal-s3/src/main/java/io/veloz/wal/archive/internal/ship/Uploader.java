package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot.Part;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One upload at a time, on a thread of its own, so that tails do not wait for it; after a failure a pause. Its methods belong
 * to one thread.
 */
final class Uploader {
    private final Executor thread;
    private final Runnable onEnd;
    private final Backoff backoff;
    private final LongSupplier nanoTime;
    private final long patienceNanos;
    private @Nullable FutureTask<Part> running;
    private long startedAt;
    private long retryAt;
    private boolean isFailing;

    /**
     * @param thread runs an upload on another thread; it is given one at a time
     * @param onEnd called there when one has ended
     * @param patienceNanos how long an upload runs before it counts as slow
     */
    Uploader(Executor thread, Runnable onEnd, Backoff backoff, LongSupplier nanoTime, long patienceNanos) {
        this.thread = thread;
        this.onEnd = onEnd;
        this.backoff = backoff;
        this.nanoTime = nanoTime;
        this.patienceNanos = patienceNanos;
        this.retryAt = nanoTime.getAsLong();
    }

    boolean isIdle() {
        return running == null;
    }

    boolean hasEnded() {
        return running != null && running.isDone();
    }

    /** How long until the next one may start, after a failure; 0 if it may. */
    long nanosToRetry() {
        return Math.max(0, retryAt - nanoTime.getAsLong());
    }

    /** Whether what waits for an upload had better go another way. */
    boolean isSlow() {
        return isFailing || (running != null && nanoTime.getAsLong() - startedAt >= patienceNanos);
    }

    void start(Callable<Part> upload) {
        FutureTask<Part> task = new FutureTask<>(upload) {
            @Override
            protected void done() {
                onEnd.run();
            }
        };
        startedAt = nanoTime.getAsLong();
        // Only what is accepted runs: a thread that cannot be started throws here, and the upload is tried again.
        thread.execute(task);
        running = task;
    }

    /**
     * The part that commits the upload that has ended.
     *
     * @throws IOException if it failed: start it again after {@link #nanosToRetry}
     */
    Part take() throws IOException {
        FutureTask<Part> ended = running;
        if (ended == null || !ended.isDone()) {
            throw new IllegalStateException("no upload has ended");
        }
        running = null;
        try {
            Part part = ended.get();
            isFailing = false;
            backoff.succeeded();
            return part;
        } catch (ExecutionException e) {
            IOException failure =
                    e.getCause() instanceof IOException cause ? cause : new IOException("upload: " + e.getCause(), e);
            isFailing = true;
            retryAt = nanoTime.getAsLong() + backoff.nanosAfter(failure);
            throw failure;
        } catch (InterruptedException e) {
            throw new AssertionError("it is done", e);
        }
    }
}
