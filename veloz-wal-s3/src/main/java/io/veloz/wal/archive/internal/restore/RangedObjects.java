package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.proof.Workers;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/**
 * Streams over the objects of a file, which are fetched in ranges, some of them at the same time, also those of the next objects.
 * Each range is a request of its own, which is retried alone. Keeps as many ranges in memory as are fetched. Confined to one
 * thread.
 *
 * <p>It does not check anything: its user compares size and SHA-256 of each object.
 */
final class RangedObjects implements AutoCloseable {
    static final int RANGE_BYTES = 4 * 1024 * 1024;

    private final ObjectStore store;
    private final ExecutorService threads;
    private final Request request;
    private final int lanes;
    private final List<Range> ranges = new ArrayList<>();
    private final Deque<Future<byte[]>> ahead = new ArrayDeque<>();

    /** The index of the next range to request. */
    private int requested;

    /** The index of the next range to read. */
    private int next;

    /** @param object the index of the object */
    private record Range(int object, String key, long from, long length) {}

    /** Sends a request, with retries. */
    interface Request {
        byte[] send(Ranged ranged) throws IOException;
    }

    /** One attempt of a request. */
    interface Ranged {
        byte[] get() throws IOException;
    }

    /** @param lanes the number of ranges that are fetched at the same time */
    RangedObjects(ObjectStore store, List<StoredFrame> objects, ExecutorService threads, int lanes, Request request) {
        this.store = store;
        this.threads = threads;
        this.lanes = lanes;
        this.request = request;
        for (int i = 0; i < objects.size(); i++) {
            add(i, objects.get(i));
        }
    }

    private void add(int index, StoredFrame object) {
        long bytes = object.objectBytes();
        for (long from = 0; from < bytes; from += RANGE_BYTES) {
            // One byte more than the object should have shows that it is longer.
            boolean isLast = from + RANGE_BYTES >= bytes;
            ranges.add(new Range(index, object.key(), from, isLast ? bytes - from + 1 : RANGE_BYTES));
        }
    }

    /** Returns a stream over an object. It ends the stream over any other one. */
    InputStream open(int object) {
        boolean isNext = next < ranges.size()
                && ranges.get(next).object == object
                && (next == 0 || ranges.get(next - 1).object != object);
        if (!isNext) {
            close();
            next = 0;
            while (ranges.get(next).object != object) {
                next++;
            }
            requested = next;
        }
        return new OneObject(object);
    }

    private byte[] nextRange() throws IOException {
        while (ahead.size() < lanes && requested < ranges.size()) {
            Range range = ranges.get(requested);
            ahead.add(threads.submit(() -> request.send(() -> fetch(range))));
            requested++;
        }
        next++;
        return Workers.await(ahead.remove());
    }

    private byte[] fetch(Range range) throws IOException {
        try (InputStream in = store.get(range.key, range.from, range.length)) {
            return in.readNBytes((int) range.length);
        }
    }

    @Override
    public void close() {
        ahead.forEach(future -> future.cancel(false));
        ahead.clear();
    }

    private final class OneObject extends InputStream {
        private final int object;
        private byte[] range = new byte[0];
        private int position;

        OneObject(int object) {
            this.object = object;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            if (position == range.length) {
                if (next == ranges.size() || ranges.get(next).object != object) {
                    return -1;
                }
                range = nextRange();
                position = 0;
                if (range.length == 0) {
                    return -1;
                }
            }
            int count = Math.min(length, range.length - position);
            System.arraycopy(range, position, target, from, count);
            position += count;
            return count;
        }
    }
}
