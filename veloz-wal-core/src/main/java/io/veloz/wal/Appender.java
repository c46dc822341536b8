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
 * <p>A claimed range has a sequence and must be published, so no step after the claim may fail. Position and limit of a
 * payload are read once. If the caller changes them concurrently, the old or the new values are used, and no other
 * record is affected. A payload in plain heap memory is an array, which can be copied at any time. Any other
 * payload may be unreadable: its arena is closed or belongs to another thread, or its mapped file was truncated. It is
 * copied before the claim, as are the records of a group. See
 * docs/decisions/0011-payloads-are-read-before-the-claim.md.
 */
final class Appender {
    /** If more threads than this copy at the same time, the others allocate a buffer. */
    private static final int STAGING_BUFFERS = 8;

    private static final int SMALLEST_STAGING_BYTES = 1024;

    private final LogWriter writer;
    private final ClaimLoss claimLoss;
    private final LongSupplier clock;
    private final int maxPayloadBytes;

    /** A thread takes a buffer out while it uses it. Each is at most twice as large as the largest record. */
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

    /** Appends a record and returns its sequence. */
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

    /** Appends a group and returns the sequence of its last record. */
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
                throw new IllegalStateException("a payload grew to " + bytes + " bytes while it was appended");
            }
            putRecord(image, at, group.type(i), flags, group.timestampNanos(i, timestamp), payload, position, bytes);
            at += RecordLayout.size(bytes);
        }
        return append(records, image, at, urgency, pending);
    }

    private int sizeOf(RecordGroup group, int records) {
        if (records == 0) {
            throw new IllegalArgumentException("the group is empty: expected at least one record");
        }
        long bytes = 0;
        for (int i = 0; i < records; i++) {
            bytes += RecordLayout.size(group.payload(i).remaining());
        }
        if (bytes > RecordLayout.size(maxPayloadBytes)) {
            throw tooLarge("group of " + records + " records, " + bytes + " bytes with record headers");
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
        // Clears the padding, as the buffer has bytes of an earlier record. First, because the last 8 bytes may overlap
        // the header.
        image.putLong(at + RecordLayout.size(bytes) - 8, 0);
        RecordLayout.putHeader(image, at, bytes, type, flags, timestampNanos);
        copy(payload, position, bytes, image, at + RecordLayout.HEADER_BYTES);
    }

    /**
     * Copies a payload and detects a fault in mapped memory. Such a fault stops the copy, but the JVM throws the
     * InternalError at some later point, perhaps after the claim. So the last byte of the target, which an interrupted
     * copy does not reach, is set to a different value before the copy and checked after it. Payloads of six bytes or
     * less are not copied in one piece, so a fault in them may be missed.
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
            throw new IllegalStateException("the payload is unreadable or changed while it was appended: expected "
                    + last + " as its last byte, got " + target.get(lastAt)
                    + "; if it is in a mapped file, the file was truncated");
        }
    }

    /** Returns a staging buffer. It is given back after the append; that of a rejected append is garbage-collected. */
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

    // ---- from the claim on: only a stack overflow can fail here. Then either the record was not appended, or the log
    // fails, so that no caller continues with a record that it wrongly assumes was not appended

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
            // Set here and first: after a stack overflow no method can be called, and the commit thread must see it.
            claimLoss.happened = true;
            throw lost(t);
        }
    }

    /** Appends records that were encoded as they are in the file, from the start of a borrowed buffer. */
    private long append(int records, ByteBuffer image, int recordBytes, int urgency, @Nullable PendingAppend pending) {
        long claim = writer.claim(records, recordBytes, pending != null);
        try {
            long first = writer.firstSequence(claim);
            writer.bytes().put(writer.recordsAt(claim), image, 0, recordBytes);
            // Registered at the first record: the group is one batch, so it is delivered as a whole.
            register(pending, first, first + records - 1);
            writer.publish(claim, records, recordBytes, urgency);
            published(pending, first);
            giveBack(image);
            return first + records - 1;
        } catch (Throwable t) {
            // Set here and first: after a stack overflow no method can be called, and the commit thread must see it.
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

    /** Handles a stack overflow after the claim: the sequence is taken, and the record may or may not be written. */
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
