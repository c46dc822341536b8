package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Detects tasks that hang. Thread-safe. */
final class Watchdog {
    private static final long LONGEST_SECONDS = 30;
    private static final ScheduledExecutorService THREAD = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "watchdog");
        thread.setDaemon(true);
        return thread;
    });

    interface Task {
        void run() throws Exception;
    }

    private Watchdog() {}

    /**
     * Runs a task, and fails if it took too long.
     *
     * @param end unblocks a hanging task, for example by closing a log; called on another thread
     */
    static void watch(Object what, Runnable end, Task task) throws Exception {
        AtomicBoolean hangs = new AtomicBoolean();
        Future<?> watch = THREAD.schedule(
                () -> {
                    hangs.set(true);
                    end.run();
                },
                LONGEST_SECONDS,
                TimeUnit.SECONDS);
        try {
            task.run();
        } finally {
            watch.cancel(false);
            assertThat(hangs.get())
                    .as("%s took more than %d s", what, LONGEST_SECONDS)
                    .isFalse();
        }
    }
}
