package io.veloz.wal.archive.internal.proof;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Makes requests in parallel, and passes on their results in order. Memory is bounded by one result for each thread. */
public final class Lanes {
    private final int count;
    private final String name;

    public Lanes(int count, String name) {
        this.count = count;
        this.name = name;
    }

    /** A request for an item. */
    @FunctionalInterface
    public interface Request<T, R> {
        R send(T item) throws IOException;
    }

    /** Receives a result, on the caller's thread. */
    @FunctionalInterface
    public interface Result<R> {
        void add(R result) throws IOException;
    }

    /** Makes a request for each item. Ends with the first one that fails. */
    public <T, R> void forEach(List<T> items, Request<T, R> request, Result<R> results) throws IOException {
        if (items.isEmpty()) {
            return;
        }
        ExecutorService threads = Workers.start(Math.min(count, items.size()), name);
        try {
            Deque<Future<R>> running = new ArrayDeque<>();
            Function<T, Future<R>> start = item -> threads.submit((Callable<R>) () -> request.send(item));
            for (T item : items) {
                if (running.size() == count) {
                    results.add(Workers.await(running.removeFirst()));
                }
                running.addLast(start.apply(item));
            }
            while (!running.isEmpty()) {
                results.add(Workers.await(running.removeFirst()));
            }
        } finally {
            // A failure leaves at most one request for each thread, whose result is not used.
            threads.shutdown();
        }
    }
}
