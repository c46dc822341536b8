package io.veloz.wal.testkit;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs tasks on one thread with a limit on time and allocated memory. */
final class Bounded implements AutoCloseable {
    private static final long LONGEST_SECONDS = 120;

    private final ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(runnable -> {
        Thread worker = new Thread(runnable, "bounded");
        worker.setDaemon(true);
        return worker;
    });

    /**
     * @throws AssertionError if the task throws, hangs, or allocates more than {@code mostBytes}
     */
    void run(Object description, long mostBytes, Callable<?> task) {
        try {
            long bytes = thread.submit(() -> allocatedBy(task)).get(LONGEST_SECONDS, TimeUnit.SECONDS);
            if (bytes > mostBytes) {
                throw new AssertionError(
                        description + ": allocated " + bytes + " bytes; expected at most " + mostBytes);
            }
        } catch (ExecutionException e) {
            throw new AssertionError(description + ": " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError(description + ": hangs", e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private long allocatedBy(Callable<?> task) throws Exception {
        long before = memory.getThreadAllocatedBytes(Thread.currentThread().getId());
        task.call();
        return memory.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
