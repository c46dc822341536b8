package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot.Part;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** One upload at a time, on a thread of its own, so that tails do not wait for it. Its methods belong to one thread. */
final class Uploader {
    private final Executor thread;
    private final Runnable onEnd;
    private @Nullable FutureTask<Part> running;

    /**
     * @param thread runs an upload on another thread; it is given one at a time
     * @param onEnd called there when one has ended
     */
    Uploader(Executor thread, Runnable onEnd) {
        this.thread = thread;
        this.onEnd = onEnd;
    }

    boolean isIdle() {
        return running == null;
    }

    boolean hasEnded() {
        return running != null && running.isDone();
    }

    void start(Callable<Part> upload) {
        FutureTask<Part> task = new FutureTask<>(upload) {
            @Override
            protected void done() {
                onEnd.run();
            }
        };
        // Only what is accepted runs: a thread that cannot be started throws here, and the upload is tried again.
        thread.execute(task);
        running = task;
    }

    /** The part that commits the upload that has ended. */
    Part take() throws IOException {
        FutureTask<Part> ended = running;
        if (ended == null || !ended.isDone()) {
            throw new IllegalStateException("no upload has ended");
        }
        running = null;
        try {
            return ended.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new IOException("upload: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError("it is done", e);
        }
    }
}
