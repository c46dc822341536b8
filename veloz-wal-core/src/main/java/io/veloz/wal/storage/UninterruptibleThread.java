package io.veloz.wal.storage;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * A daemon thread that cannot be interrupted. Every thread that writes a file is one, because
 * {@link Thread#interrupt()} closes the NIO channel that the thread is using, and with it the log.
 */
public final class UninterruptibleThread extends Thread {
    public UninterruptibleThread(Runnable task, String name) {
        super(task, name);
        setDaemon(true);
    }

    @Override
    public void interrupt() {
        // Left out on purpose: see the class comment.
    }

    /**
     * Runs a task that writes files on a thread of its own, and waits for it however long it takes; an interrupt of the
     * caller is kept for later. What the task throws is thrown here.
     */
    public static <T> T call(String name, Callable<T> task) throws Exception {
        FutureTask<T> result = new FutureTask<>(task);
        UninterruptibleThread thread = new UninterruptibleThread(result, name);
        thread.start();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw rethrowable(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Exception rethrowable(@Nullable Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof Exception exception ? exception : new IllegalStateException(cause);
    }
}
