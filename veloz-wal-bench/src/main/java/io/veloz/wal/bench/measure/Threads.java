package io.veloz.wal.bench.measure;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.jspecify.annotations.Nullable;

/** Threads, and what they allocate. */
final class Threads {
    private static final ThreadMXBean BEAN = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Threads() {}

    /** Starts a thread; a virtual one needs Java 21 or later. */
    static Thread start(boolean virtual, Runnable task) {
        if (!virtual) {
            Thread thread = new Thread(task, "appender");
            thread.setDaemon(true);
            thread.start();
            return thread;
        }
        try {
            return (Thread)
                    Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
        } catch (ReflectiveOperationException e) {
            throw new UnsupportedOperationException("virtual threads need Java 21 or later", e);
        }
    }

    /** Returns the bytes that all living threads have allocated. */
    static long allocatedBytes() {
        long sum = 0;
        for (long bytes : BEAN.getThreadAllocatedBytes(BEAN.getAllThreadIds())) {
            sum += Math.max(0, bytes);
        }
        return sum;
    }

    static void rethrow(@Nullable Throwable failure) throws Exception {
        if (failure instanceof Exception e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }
}
