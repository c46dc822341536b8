package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.proof.Workers;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/**
 * A stream over an object that is fetched in ranges, some of them at the same time. Each range is a request of its own, which is
 * retried alone. Keeps as many ranges in memory as are fetched. Confined to one thread.
 *
 * <p>It does not check anything: its user compares size and SHA-256 of the object.
 */
final class RangedObject extends InputStream {
    static final int RANGE_BYTES = 4 * 1024 * 1024;

    private final ObjectStore store;
    private final String key;
    private final long bytes;
    private final ExecutorService threads;
    private final Request request;
    private final int lanes;
    private final Deque<Future<byte[]>> ahead = new ArrayDeque<>();
    private long requested;
    private byte[] range = new byte[0];
    private int position;

    /** Sends a request, with retries. */
    interface Request {
        byte[] send(Ranged ranged) throws IOException;
    }

    /** One attempt of a request. */
    interface Ranged {
        byte[] get() throws IOException;
    }

    /** @param lanes the number of ranges that are fetched at the same time */
    RangedObject(ObjectStore store, String key, long bytes, ExecutorService threads, int lanes, Request request) {
        this.store = store;
        this.key = key;
        this.bytes = bytes;
        this.threads = threads;
        this.lanes = lanes;
        this.request = request;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (position == range.length && !next()) {
            return -1;
        }
        int count = Math.min(length, range.length - position);
        System.arraycopy(range, position, target, from, count);
        position += count;
        return count;
    }

    private boolean next() throws IOException {
        while (ahead.size() < lanes && requested < bytes) {
            long from = requested;
            // One byte more than the object should have shows that it is longer.
            long length = from + RANGE_BYTES >= bytes ? bytes - from + 1 : RANGE_BYTES;
            ahead.add(threads.submit(() -> request.send(() -> fetch(from, length))));
            requested += length;
        }
        if (ahead.isEmpty()) {
            return false;
        }
        range = Workers.await(ahead.remove());
        position = 0;
        return range.length > 0;
    }

    private byte[] fetch(long from, long length) throws IOException {
        try (InputStream in = store.get(key, from, length)) {
            return in.readNBytes((int) length);
        }
    }

    @Override
    public void close() {
        ahead.forEach(future -> future.cancel(false));
        ahead.clear();
    }
}
