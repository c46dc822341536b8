package io.veloz.wal.archive.internal.read;

import io.veloz.wal.archive.internal.proof.Workers;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Fetches bytes on threads of its own, so that an interrupt of a reader does not break a request. Some are fetched before they
 * are needed, up to a number of bytes. Thread-safe.
 */
final class Fetcher implements AutoCloseable {
    private static final int THREADS = 4;

    private final ExecutorService threads = Workers.start(THREADS, "veloz-wal-read");
    private final long aheadBytes;

    /** Requests whose result nobody has taken yet, the oldest first. Guarded by this. */
    private final Map<String, Ahead> ahead = new LinkedHashMap<>();

    private record Ahead(long bytes, Future<byte[]> result) {}

    /** A request. */
    @FunctionalInterface
    interface Request {
        byte[] send() throws IOException;
    }

    Fetcher(long aheadBytes) {
        this.aheadBytes = aheadBytes;
    }

    /** Returns the result of a request, which may have been sent ahead. An interrupt of the caller stays pending. */
    byte[] fetch(String id, Request request) throws IOException {
        Future<byte[]> result = taken(id);
        return Workers.await(result == null ? submit(request) : result);
    }

    private synchronized @Nullable Future<byte[]> taken(String id) {
        Ahead sent = ahead.remove(id);
        return sent == null ? null : sent.result;
    }

    /** Sends a request whose result is probably needed soon. Discards the oldest results if there are too many bytes. */
    synchronized void ahead(String id, long bytes, Request request) {
        if (bytes > aheadBytes || ahead.containsKey(id)) {
            return;
        }
        long total = bytes + ahead.values().stream().mapToLong(Ahead::bytes).sum();
        Iterator<Ahead> oldest = ahead.values().iterator();
        while (total > aheadBytes) {
            Ahead discarded = oldest.next();
            oldest.remove();
            discarded.result.cancel(false);
            total -= discarded.bytes;
        }
        ahead.put(id, new Ahead(bytes, submit(request)));
    }

    /** Returns how many bytes fit into memory before they are needed. */
    long aheadBytes() {
        return aheadBytes;
    }

    private Future<byte[]> submit(Request request) {
        try {
            return threads.submit(request::send);
        } catch (RejectedExecutionException e) {
            throw new IllegalStateException("the reader of the archive is closed", e);
        }
    }

    /** Ends the threads when their requests have ended. Later requests throw {@link IllegalStateException}. */
    @Override
    public synchronized void close() {
        ahead.values().forEach(sent -> sent.result.cancel(false));
        ahead.clear();
        threads.shutdown();
    }
}
