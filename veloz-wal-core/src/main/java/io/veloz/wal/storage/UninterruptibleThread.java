package io.veloz.wal.storage;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * A daemon thread that ignores interrupts. Every thread that writes a file must be one, because {@link
 * Thread#interrupt()} closes the NIO channel that the thread is using, and so would close the log.
 */
public final class UninterruptibleThread extends Thread {
    /** Creates a thread, which the caller starts. */
    public UninterruptibleThread(Runnable task, String name) {
        super(task, name);
        setDaemon(true);
    }

    @Override
    public void interrupt() {
        // Ignored on purpose: see the class comment.
    }

    /**
     * Runs a task that writes files on a separate thread, and waits for it without a timeout. An interrupt of the
     * caller stays pending. Exceptions of the task are thrown to the caller.
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
