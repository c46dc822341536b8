package io.veloz.wal.internal.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Buffers that go from one trial to the next. A trial lasts less than a microsecond, and making a buffer far longer; and so
 * the trials also wander over the end of the ring. Any thread may borrow; whoever runs last in a trial gives back.
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

    /** A buffer, and the commit thread's side of it. */
    static final class Lent {
        final AppendBuffer buffer = new AppendBuffer(CAPACITY, 0);
        final AppendBuffer.Taken taken = new AppendBuffer.Taken();
        final ByteBuffer batch = ByteBuffer.allocate(CAPACITY);
    }

    static Lent borrow() {
        @Nullable Lent lent = FREE.poll();
        return lent == null ? new Lent() : lent;
    }

    static void giveBack(Lent lent) {
        FREE.add(lent);
    }

    /** Open again, which a buffer of the log never is. */
    static void giveBackClosed(Lent lent) {
        TAIL.set(lent.buffer, (long) TAIL.get(lent.buffer) & Long.MAX_VALUE);
        giveBack(lent);
    }
}
