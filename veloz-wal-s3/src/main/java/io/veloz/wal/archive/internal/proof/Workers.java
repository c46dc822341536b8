package io.veloz.wal.archive.internal.proof;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Starts pools of threads that read and write files. No other code has access to the threads, so they are not interrupted. */
public final class Workers {
    private Workers() {}

    /** Starts a pool. Stop it with {@code shutdown()}, which interrupts idle threads only. */
    public static ExecutorService start(int count, String name) {
        return Executors.newFixedThreadPool(count, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }
}
