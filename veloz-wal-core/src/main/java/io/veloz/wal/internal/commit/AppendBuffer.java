package io.veloz.wal.internal.commit;

import io.veloz.wal.internal.format.RecordLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The bounded ring between the appenders and the commit thread. Any thread claims and publishes; only the commit thread
 * takes.
 *
 * <p>One compare-and-set of {@link #tail} claims room and sequences together, so the order in the ring is the order of
 * the sequences. The claimer copies its records in and then stores the frame's length with release; the commit thread
 * loads it with acquire, so it sees the whole frame or none of it. Before the commit thread gives room back it writes
 * zeros, so that a length is never anything but zero before it is published.
 *
 * <pre>
 *   frame:  | length (int, 0 = not yet) | flags and record count (int) | records as in the file |
 *   tail:   | closed (1 bit) | sequence (23 bits) | position / 8 (40 bits) |
 * </pre>
 *
 * Sequence and position in the tail are the low bits of numbers that only grow. They are completed from what the commit
 * thread has taken: the ring holds at most 2^22 records and 2^27 bytes, so there is one answer. For a stale tail to pass
 * the compare-and-set, a claimer would have to sleep while a multiple of 8 TiB and of 2^23 records go by, both exactly.
 */
final class AppendBuffer {
    static final int FRAME_HEADER_BYTES = 8;

    /** The ring's largest size, from the bits for records in the tail. */
    static final int MAX_BYTES = 128 * 1024 * 1024;

    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle TAIL;

    static {
        try {
            TAIL = MethodHandles.lookup().findVarHandle(AppendBuffer.class, "tail", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int POSITION_BITS = 40;
    private static final long POSITION_MASK = (1L << POSITION_BITS) - 1;
    private static final int SEQUENCE_BITS = 23;
    private static final long SEQUENCE_MASK = (1L << SEQUENCE_BITS) - 1;
    private static final long CLOSED = 1L << 63;

    private static final int COUNT_MASK = (1 << 24) - 1;
    private static final int PADDING = 1 << 30;
    private static final int BROKEN = 1 << 29;
    private static final int DURABILITY_SHIFT = 24;

    private final ByteBuffer ring;
    private final ByteBuffer zeros;
    private final int capacity;

    @SuppressWarnings("unused") // through TAIL
    private volatile long tail;

    /** Everything before it has been taken, and may be overwritten. Written by the commit thread. */
    private final Gate consumedPosition;

    /** The last sequence taken. Written by the commit thread, before {@link #consumedPosition}. */
    private volatile long takenSequence;

    // Of the commit thread alone.
    private long takePosition;

    AppendBuffer(int capacity, long lastSequence) {
        this.capacity = capacity;
        this.ring = ByteBuffer.allocateDirect(capacity).order(ByteOrder.LITTLE_ENDIAN);
        this.zeros = ByteBuffer.allocateDirect(64 * 1024);
        this.takenSequence = lastSequence;
        this.consumedPosition = new Gate(0);
        this.tail = (lastSequence & SEQUENCE_MASK) << POSITION_BITS;
    }

    /** What an appender has claimed. It belongs to that appender, and may be used again. */
    static final class Claim {
        long firstSequence;
        long lastSequence;
        long position;
        int frameBytes;
    }

    enum ClaimResult {
        CLAIMED,
        FULL,
        CLOSED
    }

    /** Bytes that records of that size take in the ring. */
    static int frameBytes(int recordBytes) {
        return FRAME_HEADER_BYTES + recordBytes;
    }

    /**
     * Claims room and sequences, or nothing. What is claimed must be published: the commit thread waits for it.
     *
     * @param sequenceLimit sequences beyond it are not given
     */
    ClaimResult claim(Claim claim, int records, int recordBytes, long sequenceLimit) {
        int frame = frameBytes(recordBytes);
        while (true) {
            long consumed = consumedPosition.value();
            long taken = takenSequence;
            long seen = tail;
            if ((seen & CLOSED) != 0) {
                return ClaimResult.CLOSED;
            }
            if (isStale(consumed, taken)) {
                continue;
            }
            long position = completePosition(seen, consumed);
            long sequence = completeSequence(seen, taken);
            int padding = padding(position, frame);
            if (position + padding + frame - consumed > capacity || records > sequenceLimit - sequence) {
                if (consumed != consumedPosition.value()) {
                    continue;
                }
                return ClaimResult.FULL;
            }
            long next = pack(sequence + records, position + padding + frame);
            if (TAIL.compareAndSet(this, seen, next)) {
                if (padding > 0) {
                    publishPadding(position, padding);
                }
                claim.firstSequence = sequence + 1;
                claim.lastSequence = sequence + records;
                claim.position = position + padding;
                claim.frameBytes = frame;
                return ClaimResult.CLAIMED;
            }
        }
    }

    /** A frame lies in one piece; what is left at the ring's end is skipped. */
    private int padding(long position, int frame) {
        int room = capacity - (int) (position & (capacity - 1));
        return room < frame ? room : 0;
    }

    private void publishPadding(long position, int padding) {
        int at = offset(position);
        ring.putInt(at + 4, PADDING);
        INT.setRelease(ring, at, padding);
    }

    /** Where in {@link #bytes()} the records of a claim go. */
    int recordsAt(Claim claim) {
        return offset(claim.position) + FRAME_HEADER_BYTES;
    }

    /** For absolute puts into a claimed range only. */
    ByteBuffer bytes() {
        return ring;
    }

    /** Hands a claim over to the commit thread. The caller wakes it. */
    void publish(Claim claim, int records, int durability) {
        int at = offset(claim.position);
        ring.putInt(at + 4, records | (durability << DURABILITY_SHIFT));
        INT.setRelease(ring, at, claim.frameBytes);
    }

    /** Hands over a claim that could not be filled. The log cannot go on: the sequences are taken. */
    void publishBroken(Claim claim, int records) {
        int at = offset(claim.position);
        ring.putInt(at + 4, records | BROKEN);
        INT.setRelease(ring, at, claim.frameBytes);
    }

    /**
     * Whether so much was taken since these two were loaded that the bits in the tail have no longer one answer: the
     * thread slept in between.
     */
    private boolean isStale(long consumed, long taken) {
        return takenSequence - taken > SEQUENCE_MASK / 2 || consumedPosition.value() - consumed > POSITION_MASK * 4;
    }

    /** No claim succeeds any more. Returns the last sequence that was ever claimed. */
    long close() {
        while (true) {
            long seen = tail;
            if ((seen & CLOSED) != 0 || TAIL.compareAndSet(this, seen, seen | CLOSED)) {
                return lastClaimedSequence();
            }
        }
    }

    /** The last sequence claimed so far. */
    long lastClaimedSequence() {
        while (true) {
            long consumed = consumedPosition.value();
            long taken = takenSequence;
            long seen = tail;
            if (!isStale(consumed, taken)) {
                return completeSequence(seen, taken);
            }
        }
    }

    /** Bytes claimed and not yet taken. */
    long pendingBytes() {
        while (true) {
            long consumed = consumedPosition.value();
            long taken = takenSequence;
            long seen = tail;
            if (!isStale(consumed, taken)) {
                return completePosition(seen, consumed) - consumed;
            }
        }
    }

    int capacity() {
        return capacity;
    }

    /** Opens further as the commit thread gives room back. */
    Gate consumedPosition() {
        return consumedPosition;
    }

    // ---- the commit thread

    /** What was taken for one batch. */
    static final class Taken {
        int records;
        long firstSequence;

        /** Position in the target behind the last record. */
        int end;

        /** The strictest durability asked for: the lowest ordinal. */
        int durability;

        /** A claimer failed while it copied. */
        boolean broken;
    }

    boolean isEmptyOnCommitThread() {
        return (int) INT.getAcquire(ring, offset(takePosition)) == 0;
    }

    /** Whether everything claimed has been taken. Meaningful once the buffer is closed. */
    boolean isDrainedOnCommitThread() {
        return completeSequence(tail, takenSequence) == takenSequence;
    }

    /** Moves published frames, in order, to a buffer, from one of its positions up to its capacity; never half a frame. */
    void takeOnCommitThread(Taken taken, ByteBuffer target, int from) {
        taken.records = 0;
        taken.firstSequence = takenSequence + 1;
        taken.end = from;
        taken.durability = Integer.MAX_VALUE;
        taken.broken = false;
        while (takePosition - consumedPosition.value() < capacity) {
            int at = offset(takePosition);
            int length = (int) INT.getAcquire(ring, at);
            if (length == 0) {
                break;
            }
            int word = ring.getInt(at + 4);
            if (word != PADDING) {
                int recordBytes = length - FRAME_HEADER_BYTES;
                if (taken.end + recordBytes > target.capacity()) {
                    break;
                }
                taken.broken |= (word & BROKEN) != 0;
                taken.records += word & COUNT_MASK;
                taken.durability = Math.min(taken.durability, (word >>> DURABILITY_SHIFT) & 3);
                target.put(taken.end, ring, at + FRAME_HEADER_BYTES, recordBytes);
                taken.end += recordBytes;
            }
            takePosition += length;
        }
        giveBack(taken.records);
    }

    private void giveBack(int records) {
        long taken = takenSequence;
        for (long position = consumedPosition.value(); position < takePosition; ) {
            int at = offset(position);
            int bytes = (int) Math.min(Math.min(takePosition - position, capacity - at), zeros.capacity());
            ring.put(at, zeros, 0, bytes);
            position += bytes;
        }
        if (records > 0) {
            takenSequence = taken + records;
        }
        if (takePosition != consumedPosition.value()) {
            consumedPosition.open(takePosition);
        }
    }

    private int offset(long position) {
        return (int) (position & (capacity - 1));
    }

    private static long pack(long sequence, long position) {
        return ((sequence & SEQUENCE_MASK) << POSITION_BITS) | ((position >>> 3) & POSITION_MASK);
    }

    private static long completePosition(long tail, long consumed) {
        return consumed + (((tail - (consumed >>> 3)) & POSITION_MASK) << 3);
    }

    private static long completeSequence(long tail, long taken) {
        return taken + (((tail >>> POSITION_BITS) - taken) & SEQUENCE_MASK);
    }

    /** Largest number of bytes of records in one frame. */
    static int maxRecordBytes(int capacity) {
        return capacity / 2 - FRAME_HEADER_BYTES;
    }

    /** Writes one record's head and payload into a claimed range, and returns where the next one goes. */
    static int putRecord(
            ByteBuffer target, int at, @Nullable ByteBuffer payload, int type, int flags, long timestampNanos) {
        int bytes = payload == null ? 0 : payload.remaining();
        RecordLayout.putHeader(target, at, bytes, type, flags, timestampNanos);
        if (payload != null && bytes > 0) {
            target.put(at + RecordLayout.HEADER_BYTES, payload, payload.position(), bytes);
        }
        return at + RecordLayout.size(bytes);
    }
}
