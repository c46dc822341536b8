package io.veloz.wal.internal.commit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Direct memory of closed logs, for the next log that is opened. Java 17 frees direct memory only by garbage collection,
 * so a process that opens and closes logs would need a collection to go on. Any thread may use it.
 *
 * <p>Bounded: it keeps the few buffers that were given back last. What is more is left to garbage collection.
 */
final class DirectBuffers {
    private static final int MOST_BUFFERS = 8;

    /** These stay, however large they are. */
    private static final int OF_ONE_LOG = 2;

    private static final long MOST_BYTES = 32L * 1024 * 1024;

    /** Guards itself. The oldest first. */
    private static final ArrayList<ByteBuffer> FREE = new ArrayList<>(MOST_BUFFERS + 1);

    private DirectBuffers() {}

    /** Zeros, of exactly that size. */
    static ByteBuffer take(int bytes) {
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

    /** Of a buffer that no thread uses any more: another log may have it next. */
    static void giveBack(ByteBuffer buffer) {
        synchronized (FREE) {
            FREE.add(buffer);
            while (FREE.size() > MOST_BUFFERS || (FREE.size() > OF_ONE_LOG && bytes() > MOST_BYTES)) {
                FREE.remove(0);
            }
        }
    }

    private static long bytes() {
        return FREE.stream().mapToLong(ByteBuffer::capacity).sum();
    }
}
