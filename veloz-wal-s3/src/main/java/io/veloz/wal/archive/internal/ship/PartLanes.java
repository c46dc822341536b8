package io.veloz.wal.archive.internal.ship;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Puts objects, up to four at the same time. After a failure none is begun any more, and those that were begun are awaited, so
 * that no put runs when the next attempt begins. Thread-safe.
 */
final class PartLanes {
    private static final int LANES = 4;

    private final List<FileObject> objects;
    private final Put put;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /** Puts one object. */
    @FunctionalInterface
    interface Put {
        void put(FileObject object) throws IOException;
    }

    private PartLanes(List<FileObject> objects, Put put) {
        this.objects = objects;
        this.put = put;
    }

    /**
     * Returns when all objects are put.
     *
     * @param executor runs all lanes but one
     * @throws IOException the first failure
     */
    static void forEach(List<FileObject> objects, Executor executor, Put put) throws IOException {
        PartLanes lanes = new PartLanes(objects, put);
        int further = Math.min(LANES, objects.size()) - 1;
        CountDownLatch running = new CountDownLatch(Math.max(0, further));
        for (int i = 0; i < further; i++) {
            lanes.start(executor, running);
        }
        lanes.run();
        await(running);
        lanes.rethrow();
    }

    private void start(Executor executor, CountDownLatch running) {
        try {
            executor.execute(() -> {
                try {
                    run();
                } finally {
                    running.countDown();
                }
            });
        } catch (RuntimeException | Error e) {
            // No thread could be started. Those that run put all objects.
            running.countDown();
        }
    }

    private void run() {
        for (int i = next.getAndIncrement(); i < objects.size() && failure.get() == null; i = next.getAndIncrement()) {
            try {
                put.put(objects.get(i));
            } catch (IOException | RuntimeException | Error e) {
                failure.compareAndSet(null, e);
            }
        }
    }

    private static void await(CountDownLatch running) {
        boolean interrupted = false;
        while (true) {
            try {
                running.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void rethrow() throws IOException {
        @Nullable Throwable first = failure.get();
        if (first instanceof IOException io) {
            throw io;
        } else if (first instanceof RuntimeException unchecked) {
            throw unchecked;
        } else if (first instanceof Error error) {
            throw error;
        }
    }
}
