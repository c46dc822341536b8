package io.veloz.wal.internal.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * A pool of buffers for trials. A trial lasts less than a microsecond, and creating a buffer far longer. Reuse also lets the
 * trials cross the end of the ring. Any thread may borrow; the last method of a trial returns the buffer.
 */
final class SharedBuffers {
    static final int CAPACITY = 4096;
    static final long NO_LIMIT = Long.MAX_VALUE - 1;

    private static final ConcurrentLinkedQueue<Lent> FREE = new ConcurrentLinkedQueue<>();

    private static final VarHandle TAIL;

    static {
        try {
            TAIL = MethodHandles.privateLookupIn(AppendBuffer.class, MethodHandles.lookup())
                    .findVarHandle(AppendBuffer.class, "tail", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private SharedBuffers() {}

    /** A buffer, and the objects with which the commit thread uses it. */
    static final class Lent {
        final AppendBuffer buffer = new AppendBuffer(CAPACITY, 0);
        final AppendBuffer.Taken taken = new AppendBuffer.Taken();
        final ByteBuffer batch = ByteBuffer.allocate(CAPACITY);
    }

    static Lent borrow() {
        @Nullable Lent lent = FREE.poll();
        return lent == null ? new Lent() : lent;
    }

    static void release(Lent lent) {
        FREE.add(lent);
    }

    /** Returns a closed buffer, and opens it again, which a log never does. */
    static void reopenAndRelease(Lent lent) {
        TAIL.set(lent.buffer, (long) TAIL.get(lent.buffer) & Long.MAX_VALUE);
        release(lent);
    }
}
