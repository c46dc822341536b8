package io.veloz.wal.chronicle;

import io.veloz.wal.Durability;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import net.openhft.chronicle.bytes.Bytes;

/**
 * Appends {@link Bytes} to a log. It belongs to one thread; several appenders may share a log.
 *
 * <p>A payload is the part of the Bytes from the read position to the read limit. It is read before the method returns,
 * and its positions do not move. Bytes on a heap array or a heap ByteBuffer are copied once, from their own memory to the
 * buffer of the log. All other kinds are copied once more; see {@code docs/chronicle.md}.
 *
 * <p>Every method throws what the method of {@link Wal} with the same name throws, and
 * {@link net.openhft.chronicle.core.io.ClosedIllegalStateException} if the Bytes were released.
 */
public final class BytesAppender {
    private final Wal wal;
    private final BytesView view;
    private final RecordGroup group = new RecordGroup();

    private BytesAppender(Wal wal) {
        this.wal = wal;
        this.view = new BytesView(wal.config().maxPayloadBytes());
    }

    /** Returns an appender for the calling thread. It need not be closed. */
    public static BytesAppender of(Wal wal) {
        return new BytesAppender(Objects.requireNonNull(wal, "wal"));
    }

    /** Appends a record with the durability of the log. See {@link Wal#append(int, java.nio.ByteBuffer)}. */
    public long append(int type, Bytes<?> payload) {
        return wal.append(type, view.of(payload));
    }

    /** Appends a record with the given durability. See {@link Wal#append(int, java.nio.ByteBuffer, Durability)}. */
    public long append(int type, Bytes<?> payload, Durability durability) {
        return wal.append(type, view.of(payload), durability);
    }

    /**
     * Appends a record with the given time, in nanoseconds since 1970, and the given durability. See
     * {@link RecordGroup#add(int, long, java.nio.ByteBuffer)}.
     */
    public long append(int type, long timestampNanos, Bytes<?> payload, Durability durability) {
        try {
            return wal.append(group.add(type, timestampNanos, view.of(payload)), durability);
        } finally {
            group.clear();
        }
    }

    /** Appends a record and returns when it is on disk. See {@link Wal#appendDurable(int, java.nio.ByteBuffer)}. */
    public long appendDurable(int type, Bytes<?> payload) {
        return wal.appendDurable(type, view.of(payload));
    }

    /**
     * Appends a record and returns a future for the moment when it is on disk. The Bytes may change as soon as the method
     * has returned. See {@link Wal#appendAsync(int, java.nio.ByteBuffer)}.
     */
    public CompletableFuture<Long> appendAsync(int type, Bytes<?> payload) {
        return wal.appendAsync(type, view.of(payload));
    }
}
