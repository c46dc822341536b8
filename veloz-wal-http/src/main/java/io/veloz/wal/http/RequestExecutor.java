package io.veloz.wal.http;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The threads of the server. Bounds their number, the number of requests that wait for one, and the time of a request.
 * Thread-safe.
 *
 * <p>The server of the JDK reads a request, calls the handler and writes the response with blocking operations, and its own
 * timeouts are properties of the whole JVM. Therefore a watchdog interrupts a thread that exceeds its time. The interrupt
 * closes the channel that the thread reads or writes, so a client that sends or receives too slowly is disconnected.
 */
final class RequestExecutor implements Executor, AutoCloseable {
    private static final int THREADS = 8;
    private static final int WAITING_REQUESTS = 64;
    private static final Duration IDLE_THREAD = Duration.ofSeconds(30);

    private static final ThreadLocal<@Nullable Deadline> CURRENT = new ThreadLocal<>();

    private final Duration readTimeout;
    private final Duration responseTimeout;
    private final ThreadPoolExecutor threads;
    private final ScheduledThreadPoolExecutor watchdog;

    /**
     * Creates the executor. It starts no thread before the first request.
     *
     * @param readTimeout longest time until the request is read
     * @param responseTimeout longest time from then until the response is written
     */
    RequestExecutor(String name, Duration readTimeout, Duration responseTimeout) {
        this.readTimeout = readTimeout;
        this.responseTimeout = responseTimeout;
        AtomicInteger number = new AtomicInteger();
        ThreadFactory factory = task -> daemon(task, name + " " + number.incrementAndGet());
        // Rejects a request when the queue is full. The server then closes the connection.
        this.threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                IDLE_THREAD.toSeconds(),
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WAITING_REQUESTS),
                factory,
                new ThreadPoolExecutor.AbortPolicy());
        threads.allowCoreThreadTimeOut(true);
        this.watchdog = new ScheduledThreadPoolExecutor(1, task -> daemon(task, name + " watchdog"));
        watchdog.setRemoveOnCancelPolicy(true);
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Reads and answers a request on a thread of the server.
     *
     * @throws RejectedExecutionException if too many requests wait
     */
    @Override
    public void execute(Runnable exchange) {
        threads.execute(() -> run(exchange));
    }

    private void run(Runnable exchange) {
        Deadline deadline = new Deadline(Thread.currentThread());
        CURRENT.set(deadline);
        deadline.startOn(watchdog, readTimeout);
        try {
            exchange.run();
        } finally {
            CURRENT.remove();
            deadline.end();
        }
    }

    /** Ends the time for reading the request of the calling thread, and begins the time for its response. */
    void requestWasRead() {
        Deadline deadline = CURRENT.get();
        if (deadline != null) {
            deadline.startOn(watchdog, responseTimeout);
        }
    }

    /** Interrupts all requests, and returns when they have ended, or after the timeout. */
    void close(Duration timeout) {
        threads.shutdownNow();
        watchdog.shutdownNow();
        boolean interrupted = false;
        try {
            threads.awaitTermination(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        close(Duration.ZERO);
    }

    /** The time limit of one request. */
    private static final class Deadline {
        private final Thread thread;

        /** Guards both fields, so that an interrupt cannot reach the next request of the thread. */
        private final Object lock = new Object();

        private boolean ended;
        private @Nullable ScheduledFuture<?> timeout;

        Deadline(Thread thread) {
            this.thread = thread;
        }

        /** Replaces the limit. After {@link RequestExecutor#close} it sets none: that has interrupted the thread. */
        void startOn(ScheduledThreadPoolExecutor watchdog, Duration limit) {
            synchronized (lock) {
                cancelLocked();
                try {
                    timeout = watchdog.schedule(this::expire, limit.toNanos(), TimeUnit.NANOSECONDS);
                } catch (RejectedExecutionException e) {
                    timeout = null;
                }
            }
        }

        private void expire() {
            synchronized (lock) {
                if (!ended) {
                    thread.interrupt();
                }
            }
        }

        void end() {
            synchronized (lock) {
                ended = true;
                cancelLocked();
            }
            boolean unused = Thread.interrupted();
        }

        private void cancelLocked() {
            if (timeout != null) {
                timeout.cancel(false);
            }
        }
    }
}
