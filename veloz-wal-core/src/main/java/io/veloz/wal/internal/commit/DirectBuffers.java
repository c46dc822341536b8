package io.veloz.wal.internal.commit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A pool of direct buffers of closed logs, for the next log that is opened. Java 17 frees direct memory only by garbage
 * collection, so without the pool a process that opens and closes logs could run out of it. Thread-safe.
 *
 * <p>The pool is bounded: it keeps the buffers that were released last, and leaves the others to the garbage collector.
 */
final class DirectBuffers {
    private static final int MOST_BUFFERS = 8;

    /** The buffers of one log are kept, however large they are. */
    private static final int BUFFERS_OF_ONE_LOG = 2;

    private static final long MOST_BYTES = 32L * 1024 * 1024;

    /** Guarded by itself, oldest first. */
    private static final ArrayList<ByteBuffer> FREE = new ArrayList<>(MOST_BUFFERS + 1);

    private DirectBuffers() {}

    /** Returns a buffer of exactly the given size, filled with zeros. */
    static ByteBuffer acquire(int bytes) {
        @Nullable ByteBuffer buffer = reused(bytes);
        return buffer == null ? ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN) : zeroed(buffer);
    }

    private static @Nullable ByteBuffer reused(int bytes) {
        synchronized (FREE) {
            for (int i = FREE.size() - 1; i >= 0; i--) {
                if (FREE.get(i).capacity() == bytes) {
                    return FREE.remove(i);
                }
            }
            return null;
        }
    }

    private static ByteBuffer zeroed(ByteBuffer buffer) {
        buffer.clear();
        for (int at = 0; at < buffer.capacity(); at += Long.BYTES) {
            buffer.putLong(at, 0);
        }
        return buffer;
    }

    /** Returns a buffer to the pool. No thread may use it any more. */
    static void release(ByteBuffer buffer) {
        synchronized (FREE) {
            FREE.add(buffer);
            while (FREE.size() > MOST_BUFFERS || (FREE.size() > BUFFERS_OF_ONE_LOG && bytes() > MOST_BYTES)) {
                FREE.remove(0);
            }
        }
    }

    private static long bytes() {
        return FREE.stream().mapToLong(ByteBuffer::capacity).sum();
    }
}
