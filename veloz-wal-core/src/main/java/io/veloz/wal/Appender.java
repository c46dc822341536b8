package io.veloz.wal;

import io.veloz.wal.internal.commit.ClaimLoss;
import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.internal.commit.PendingAppend;
import io.veloz.wal.internal.format.RecordLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Copies records into the append buffer: check, claim, copy, publish. Any thread may use it.
 *
 * <p>What is claimed has a sequence and must be published, so nothing that can fail happens after the claim. Position and
 * limit of a payload are read once: a caller that changes them meanwhile gets one of both, and harms no other record. A
 * payload in plain heap memory is an array, which can be copied at any time. Any other payload may be unreadable: its arena
 * is closed or belongs to another thread, or its mapped file was cut. It is copied before the claim, as are the records of
 * a group. See docs/decisions/0011-payloads-are-read-before-the-claim.md.
 */
final class Appender {
    /** More threads than this that copy at the same moment allocate. */
    private static final int STAGING_BUFFERS = 8;

    private static final int SMALLEST_STAGING_BYTES = 1024;

    private final LogWriter writer;
    private final ClaimLoss claimLoss;
    private final LongSupplier clock;
    private final int maxPayloadBytes;

    /** Whoever uses one takes it out; each has at most twice the bytes of the largest record. */
    private final AtomicReferenceArray<@Nullable ByteBuffer> staging = new AtomicReferenceArray<>(STAGING_BUFFERS);

    Appender(LogWriter writer, WalConfig config) {
        this.writer = writer;
        this.claimLoss = writer.claimLoss();
        this.clock = config.wallClockNanos();
        this.maxPayloadBytes = config.maxPayloadBytes();
    }

    static void checkType(int type) {
        if (type < 1 || type > RecordLayout.MAX_TYPE) {
            throw new IllegalArgumentException("record type " + type + ": expected 1 to " + RecordLayout.MAX_TYPE);
        }
    }

    /** Returns the sequence of the record. */
    long append(int type, ByteBuffer payload, Durability durability, @Nullable PendingAppend pending) {
        checkType(type);
        int urgency = LogWriter.urgency(durability);
        int position = payload.position();
        int bytes = payload.limit() - position;
        checkSize(bytes);
        int recordBytes = RecordLayout.size(bytes);
        long timestamp = clock.getAsLong();
        if (payload.hasArray()) {
            return append(type, payload.array(), payload.arrayOffset() + position, bytes, timestamp, urgency, pending);
        }
        ByteBuffer image = borrow(recordBytes);
        putRecord(image, 0, type, 0, timestamp, payload, position, bytes);
        return append(1, image, recordBytes, urgency, pending);
    }

    /** Returns the sequence of the last record. */
    long append(RecordGroup group, Durability durability, @Nullable PendingAppend pending) {
        int urgency = LogWriter.urgency(durability);
        int records = group.size();
        int groupBytes = sizeOf(group, records);
        long timestamp = clock.getAsLong();
        ByteBuffer image = borrow(groupBytes);
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
        return append(records, image, at, urgency, pending);
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
            throw tooLarge("group of " + records + " records, " + bytes + " bytes with heads");
        }
        return (int) bytes;
    }

    private void checkSize(int payloadBytes) {
        if (payloadBytes < 0) {
            throw new IllegalStateException("position and limit of the payload change while it is appended");
        }
        if (payloadBytes > maxPayloadBytes) {
            throw tooLarge("payload of " + payloadBytes + " bytes");
        }
    }

    private IllegalArgumentException tooLarge(String what) {
        return new IllegalArgumentException(what + ": expected at most " + maxPayloadBytes
                + " bytes of payload in a single record; see WalConfig.maxBatchBytes");
    }

    // ---- before the claim

    private static void putRecord(
            ByteBuffer image,
            int at,
            int type,
            int flags,
            long timestampNanos,
            ByteBuffer payload,
            int position,
            int bytes) {
        // First, as it may lie in the head: the buffer still has the bytes of an earlier record, and padding is zeros.
        image.putLong(at + RecordLayout.size(bytes) - 8, 0);
        RecordLayout.putHeader(image, at, bytes, type, flags, timestampNanos);
        copy(payload, position, bytes, image, at + RecordLayout.HEADER_BYTES);
    }

    /**
     * A fault in mapped memory stops the copy, but the JVM throws the InternalError for it at some later point, perhaps
     * after the claim. So the last byte, which such a copy does not reach, is set to another value before, and looked at
     * after it. Payloads of six bytes and less are not copied in one piece, and their fault may be missed.
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
            throw new IllegalStateException("the payload cannot be read, or changes while it is appended: expected "
                    + last + " as its last byte, got " + target.get(lastAt)
                    + "; if it is in a mapped file, the file was cut");
        }
    }

    /** Given back after the append; a buffer of a refused append is left to the garbage collector. */
    private ByteBuffer borrow(int bytes) {
        int first = (int) Thread.currentThread().getId();
        for (int i = 0; i < STAGING_BUFFERS; i++) {
            @Nullable ByteBuffer buffer = staging.getAndSet((first + i) & (STAGING_BUFFERS - 1), null);
            if (buffer != null && buffer.capacity() >= bytes) {
                return buffer;
            }
        }
        int capacity = Math.max(SMALLEST_STAGING_BYTES, Integer.highestOneBit(bytes * 2 - 1));
        return ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void giveBack(ByteBuffer buffer) {
        staging.set((int) Thread.currentThread().getId() & (STAGING_BUFFERS - 1), buffer);
    }

    // ---- from the claim on, nothing fails but a stack that has come to its end; then the record was not appended or
    // the
    // log fails, so that no caller goes on beside a record that it takes for not appended

    private long append(
            int type,
            byte[] payload,
            int offset,
            int bytes,
            long timestampNanos,
            int urgency,
            @Nullable PendingAppend pending) {
        int recordBytes = RecordLayout.size(bytes);
        long claim = writer.claim(1, recordBytes, pending != null);
        try {
            long sequence = writer.firstSequence(claim);
            int at = writer.recordsAt(claim);
            ByteBuffer ring = writer.bytes();
            RecordLayout.putHeader(ring, at, bytes, type, 0, timestampNanos);
            ring.put(at + RecordLayout.HEADER_BYTES, payload, offset, bytes);
            register(pending, sequence, sequence);
            writer.publish(claim, 1, recordBytes, urgency);
            published(pending, sequence);
            return sequence;
        } catch (Throwable t) {
            // First, and here: at the end of the stack no method can be called, and the commit thread must learn of it.
            claimLoss.happened = true;
            throw lost(t);
        }
    }

    /** The bytes of records as they go into the file, from the start of a borrowed buffer. */
    private long append(int records, ByteBuffer image, int recordBytes, int urgency, @Nullable PendingAppend pending) {
        long claim = writer.claim(records, recordBytes, pending != null);
        try {
            long first = writer.firstSequence(claim);
            writer.bytes().put(writer.recordsAt(claim), image, 0, recordBytes);
            // At the first record: the group is one batch, so it is delivered as a whole.
            register(pending, first, first + records - 1);
            writer.publish(claim, records, recordBytes, urgency);
            published(pending, first);
            giveBack(image);
            return first + records - 1;
        } catch (Throwable t) {
            // First, and here: at the end of the stack no method can be called, and the commit thread must learn of it.
            claimLoss.happened = true;
            throw lost(t);
        }
    }

    private void register(@Nullable PendingAppend pending, long first, long last) {
        if (pending != null) {
            pending.sequence(last);
            writer.register(first, pending);
        }
    }

    /** The stack has come to its end: the sequence is taken, and whether the record will be written is not known. */
    private RuntimeException lost(Throwable t) {
        writer.wake();
        if (t instanceof RuntimeException e) {
            throw e;
        }
        throw (Error) t;
    }

    private void published(@Nullable PendingAppend pending, long first) {
        writer.wake();
        if (pending != null) {
            writer.failIfPending(first, pending);
        }
    }
}
