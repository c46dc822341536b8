package io.veloz.wal;

import io.veloz.wal.internal.commit.Notifier.PendingAppend;
import io.veloz.wal.internal.commit.RecordPublisher;
import io.veloz.wal.internal.format.RecordLayout;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks and reads the payloads of an append, and passes the records to the {@link RecordPublisher}. Thread-safe.
 *
 * <p>Nothing can fail after the claim of a sequence, so everything that can fail is done here. Position and limit of a
 * payload are read once: if the caller changes them concurrently, one of the values is used, and no other record is harmed.
 * A payload in an accessible array can be copied at any time. Any other payload may be unreadable: its arena is closed or
 * belongs to another thread, or its mapped file was truncated. It is copied before the claim, as are the records of a group.
 * See docs/decisions/0011-payloads-are-read-before-the-claim.md.
 */
final class Appender {
    private final RecordPublisher publisher;
    private final LongSupplier clock;
    private final int maxPayloadBytes;

    /** The types that only the returned value of {@link #reserve} appends. Set once. */
    private final AtomicReference<@Nullable IntPredicate> reserved = new AtomicReference<>();

    Appender(RecordPublisher publisher, WalConfig config) {
        this.publisher = publisher;
        this.clock = config.wallClockNanos();
        this.maxPayloadBytes = config.maxPayloadBytes();
    }

    static void checkType(int type) {
        if (type < 1 || type > RecordLayout.MAX_TYPE) {
            throw new IllegalArgumentException("record type " + type + ": expected 1 to " + RecordLayout.MAX_TYPE);
        }
    }

    /** Reserves types. See {@link Wal#reserveTypes}. */
    GroupAppender reserve(IntPredicate types) {
        if (!reserved.compareAndSet(null, types)) {
            throw new IllegalStateException("record types of this log are reserved already");
        }
        return (group, durability) -> append(group, durability, null);
    }

    private void checkNotReserved(int type) {
        IntPredicate types = reserved.get();
        if (types != null && types.test(type)) {
            throw refused(type);
        }
    }

    private void checkNotReserved(RecordGroup group) {
        IntPredicate types = reserved.get();
        for (int i = 0; types != null && i < group.size(); i++) {
            if (types.test(group.type(i))) {
                throw refused(group.type(i));
            }
        }
    }

    private static IllegalArgumentException refused(int type) {
        return new IllegalArgumentException(
                "record type " + type
                        + " is reserved for the typed log on top of this one, which could not read the record; expected another type");
    }

    /** Appends a record, and returns its sequence. */
    long append(int type, ByteBuffer payload, Durability durability) {
        checkNotReserved(type);
        return append(type, payload, durability, null);
    }

    /** Appends a group, and returns the sequence of its last record. */
    long append(RecordGroup group, Durability durability) {
        checkNotReserved(group);
        return append(group, durability, null);
    }

    /** Appends a record, and returns a future that completes with its sequence when it is durable. */
    CompletableFuture<Long> appendAsync(int type, ByteBuffer payload) {
        checkNotReserved(type);
        PendingAppend future = publisher.newFuture();
        append(type, payload, Durability.LOSE_NOTHING, future);
        return future;
    }

    /** Appends a group, and returns a future that completes with the sequence of its last record when it is durable. */
    CompletableFuture<Long> appendAsync(RecordGroup group) {
        checkNotReserved(group);
        PendingAppend future = publisher.newFuture();
        append(group, Durability.LOSE_NOTHING, future);
        return future;
    }

    private long append(int type, ByteBuffer payload, Durability durability, @Nullable PendingAppend pending) {
        checkType(type);
        int urgency = RecordPublisher.urgency(durability);
        int position = payload.position();
        int bytes = payload.limit() - position;
        checkSize(bytes);
        long timestamp = clock.getAsLong();
        if (payload.hasArray()) {
            int offset = payload.arrayOffset() + position;
            return publisher.append(type, payload.array(), offset, bytes, timestamp, urgency, pending);
        }
        int recordBytes = RecordLayout.size(bytes);
        ByteBuffer image = publisher.borrowImage(recordBytes);
        putRecord(image, 0, type, 0, timestamp, payload, position, bytes);
        return publisher.append(1, image, recordBytes, urgency, pending);
    }

    private long append(RecordGroup group, Durability durability, @Nullable PendingAppend pending) {
        int urgency = RecordPublisher.urgency(durability);
        int records = group.size();
        int groupBytes = sizeOf(group, records);
        long timestamp = clock.getAsLong();
        ByteBuffer image = publisher.borrowImage(groupBytes);
        int at = 0;
        for (int i = 0; i < records; i++) {
            ByteBuffer payload = group.payload(i);
            int flags = i < records - 1 ? RecordLayout.GROUP_CONTINUES : 0;
            int position = payload.position();
            int bytes = payload.limit() - position;
            if (bytes < 0 || RecordLayout.size(bytes) > groupBytes - at) {
                throw new IllegalStateException("a payload has grown to " + bytes + " bytes while it was appended");
            }
            putRecord(image, at, group.type(i), flags, group.timestampNanos(i, timestamp), payload, position, bytes);
            at += RecordLayout.size(bytes);
        }
        return publisher.append(records, image, at, urgency, pending);
    }

    private int sizeOf(RecordGroup group, int records) {
        if (records == 0) {
            throw new IllegalArgumentException("a group without records");
        }
        long bytes = 0;
        for (int i = 0; i < records; i++) {
            bytes += RecordLayout.size(group.payload(i).remaining());
        }
        if (bytes > RecordLayout.size(maxPayloadBytes)) {
            throw tooLarge("group of " + records + " records, " + bytes + " bytes with headers");
        }
        return (int) bytes;
    }

    private void checkSize(int payloadBytes) {
        if (payloadBytes < 0) {
            throw new IllegalStateException("position or limit of the payload changed while it was appended");
        }
        if (payloadBytes > maxPayloadBytes) {
            throw tooLarge("payload of " + payloadBytes + " bytes");
        }
    }

    private IllegalArgumentException tooLarge(String what) {
        return new IllegalArgumentException(what + ": expected at most " + maxPayloadBytes
                + " bytes of payload in a single record; see WalConfig.maxBatchBytes");
    }

    private static void putRecord(
            ByteBuffer image,
            int at,
            int type,
            int flags,
            long timestampNanos,
            ByteBuffer payload,
            int position,
            int bytes) {
        // Zeroes the padding, since the image has bytes of earlier records. First, because it may overlap the header.
        image.putLong(at + RecordLayout.size(bytes) - 8, 0);
        RecordLayout.putHeader(image, at, bytes, type, flags, timestampNanos);
        copy(payload, position, bytes, image, at + RecordLayout.HEADER_BYTES);
    }

    /**
     * Copies a payload, and detects a fault in mapped memory. Such a fault stops the copy, but the JVM throws the
     * {@link InternalError} later, perhaps after the claim. A stopped copy does not reach the last byte, so that byte is set
     * to another value before the copy and compared after it. The fault may be missed for a payload of six bytes or less,
     * which is copied byte by byte.
     */
    private static void copy(ByteBuffer payload, int position, int bytes, ByteBuffer target, int at) {
        if (bytes == 0 || !payload.isDirect()) {
            target.put(at, payload, position, bytes);
            return;
        }
        byte last = payload.get(position + bytes - 1);
        int lastAt = at + bytes - 1;
        target.put(lastAt, (byte) ~last);
        target.put(at, payload, position, bytes);
        if (target.get(lastAt) != last) {
            throw new IllegalStateException("the payload cannot be read, or changed while it was appended: expected "
                    + last + " as its last byte, got " + target.get(lastAt)
                    + "; if it is in a mapped file, the file was truncated");
        }
    }
}
