package io.veloz.wal.archive.internal.proof;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Threads that fetch and write files. Nobody else knows them, so nobody interrupts them at work. */
public final class Workers {
    private Workers() {}

    /** End them with {@code shutdown()}: it interrupts only those that have nothing to do. */
    public static ExecutorService start(int count, String name) {
        return Executors.newFixedThreadPool(count, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }
}
