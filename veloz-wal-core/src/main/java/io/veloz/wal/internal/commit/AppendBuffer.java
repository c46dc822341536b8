package io.veloz.wal.internal.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A bounded ring buffer between the appenders and the commit thread. Any thread may claim and publish; only the commit
 * thread takes.
 *
 * <p>One compare-and-set of {@link #tail} claims space and sequences together, so the ring is ordered by sequence. The
 * appender copies its records into the claim and then stores the frame's length with release. The commit thread loads the
 * length with acquire, so it sees the whole frame or none of it. The commit thread zeroes space before it frees it, so the
 * length of a frame is zero until the frame is published.
 *
 * <pre>
 *   frame:  | length (int, 0 = unpublished) | flags and count (int) | first sequence (long) | records as in the file |
 *   tail:   | closed (1 bit) | sequence (23 bits) | position / 8 (40 bits) |
 * </pre>
 *
 * The tail has the low bits of a sequence and a position that only grow. The high bits are derived from what the commit
 * thread has taken. The ring holds at most 2^22 records and 2^27 bytes, so the result is unambiguous. A stale tail passes
 * the compare-and-set only if an appender sleeps while exactly a multiple of 8 TiB and of 2^23 records is appended.
 */
public final class AppendBuffer {
    static final int FRAME_HEADER_BYTES = 16;

    /** Returned by {@link #claim}: there is not enough space, or the limit has been reached. */
    static final long FULL = -1;

    /** Returned by {@link #claim}: the buffer is closed. */
    static final long CLOSED = -2;

    /** Urgency of a force. A batch has the urgency of its most urgent frame. */
    static final int FORCE_NOW = 0;

    static final int FORCE_SOON = 1;
    static final int FORCE_LATER = 2;

    /** The largest size of the ring, which follows from the bits for the sequence in the tail. */
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
    private static final long CLOSED_BIT = 1L << 63;

    private static final int COUNT_MASK = (1 << 24) - 1;
    private static final int PADDING = 1 << 30;
    private static final int URGENCY_SHIFT = 24;

    private static final byte[] ZEROS = new byte[64 * 1024];

    private final ByteBuffer ring;
    private final int capacity;

    @SuppressWarnings("unused") // accessed through TAIL
    private volatile long tail;

    /** The position before which everything has been taken and may be overwritten. Written by the commit thread. */
    private final Gate consumedPosition;

    /** The last sequence taken. Written by the commit thread, before {@link #consumedPosition}. */
    private volatile long takenSequence;

    /** Bytes that were taken and are not in the file yet. Written by the commit thread, before {@link #consumedPosition}. */
    private volatile long takenBytes;

    /**
     * Whether a thread died between a claim and its publication, so that the log cannot continue after the claim. Set by
     * any thread, read by the commit thread.
     *
     * <p>Appenders set the field directly: a thread at the end of its stack cannot call a method.
     */
    volatile boolean claimLost;

    // Used by the commit thread only.
    private long takePosition;

    /**
     * Creates an empty buffer.
     *
     * @param capacity a power of two
     */
    public AppendBuffer(int capacity, long lastSequence) {
        this.capacity = capacity;
        this.ring = DirectBuffers.acquire(capacity);
        this.takenSequence = lastSequence;
        this.consumedPosition = new Gate(0);
        this.tail = (lastSequence & SEQUENCE_MASK) << POSITION_BITS;
        // Links the call site, which allocates, before the buffer has to be closed because memory has run out.
        boolean unused = TAIL.compareAndSet(this, tail, tail);
    }

    /** Returns the bytes that records of the given size take in the ring. */
    static int frameBytes(int recordBytes) {
        return FRAME_HEADER_BYTES + recordBytes;
    }

    /**
     * Claims space and sequences, or neither. Every claim must be published: the commit thread waits for it.
     *
     * @param firstLimit the highest allowed value of the first sequence
     * @return the position of the claim, {@link #FULL} or {@link #CLOSED}
     */
    long claim(int records, int recordBytes, long firstLimit) {
        int frame = frameBytes(recordBytes);
        while (true) {
            long consumed = consumedPosition.value();
            long taken = takenSequence;
            long seen = tail;
            if ((seen & CLOSED_BIT) != 0) {
                return CLOSED;
            }
            if (isStale(consumed, taken)) {
                continue;
            }
            long position = completePosition(seen, consumed);
            long sequence = completeSequence(seen, taken);
            int padding = padding(position, frame);
            if (position + padding + frame - consumed > capacity || sequence >= firstLimit) {
                if (consumed != consumedPosition.value()) {
                    continue;
                }
                return FULL;
            }
            long next = pack(sequence + records, position + padding + frame);
            if (TAIL.compareAndSet(this, seen, next)) {
                try {
                    if (padding > 0) {
                        publishPadding(position, padding);
                    }
                    // Stored in the claimed range: returning two numbers would allocate an object.
                    ring.putLong(offset(position + padding) + 8, sequence + 1);
                    return position + padding;
                } catch (Throwable t) {
                    // For example at the end of the caller's stack.
                    claimLost = true;
                    throw t;
                }
            }
        }
    }

    /** Returns the bytes to skip at the end of the ring, because a frame is contiguous. */
    private int padding(long position, int frame) {
        int room = capacity - (int) (position & (capacity - 1));
        return room < frame ? room : 0;
    }

    private void publishPadding(long position, int padding) {
        int at = offset(position);
        ring.putInt(at + 4, PADDING);
        INT.setRelease(ring, at, padding);
    }

    /** Returns the sequence of the first record of a claim that has not been published. */
    long firstSequence(long claim) {
        return ring.getLong(offset(claim) + 8);
    }

    /** Returns the index in {@link #bytes()} at which the records of a claim start. */
    int recordsAt(long claim) {
        return offset(claim) + FRAME_HEADER_BYTES;
    }

    /** Returns the ring, for absolute puts into a claimed range only. */
    ByteBuffer bytes() {
        return ring;
    }

    /** Hands a claim over to the commit thread. The caller must wake that thread. */
    void publish(long claim, int records, int recordBytes, int urgency) {
        int at = offset(claim);
        ring.putInt(at + 4, records | (urgency << URGENCY_SHIFT));
        INT.setRelease(ring, at, frameBytes(recordBytes));
    }

    /**
     * Returns whether too much was taken since the two arguments were loaded to complete the bits of the tail: this thread
     * was not scheduled in between.
     */
    private boolean isStale(long consumed, long taken) {
        return takenSequence - taken > SEQUENCE_MASK / 2 || consumedPosition.value() - consumed > POSITION_MASK * 4;
    }

    /** Refuses all further claims, and returns the last claimed sequence, which is final. */
    long close() {
        while (true) {
            long seen = tail;
            if ((seen & CLOSED_BIT) != 0 || TAIL.compareAndSet(this, seen, seen | CLOSED_BIT)) {
                return lastClaimedSequence();
            }
        }
    }

    boolean isClosed() {
        return (tail & CLOSED_BIT) != 0;
    }

    /** Returns the last claimed sequence. */
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

    /** Returns the bytes that are claimed and not yet taken. */
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

    /** Returns the bytes that are claimed and not in the file yet; too many while bytes are being taken, never too few. */
    long unwrittenBytes() {
        // Pending before taken: bytes that are taken between the two loads count twice instead of not at all.
        long pending = pendingBytes();
        return pending + takenBytes;
    }

    int capacity() {
        return capacity;
    }

    /** Returns the gate that opens as the commit thread frees space. */
    Gate consumedPosition() {
        return consumedPosition;
    }

    // ---- the commit thread

    /** The result of one take: the records of one batch. */
    static final class Taken {
        int records;
        long firstSequence;

        /** Position in the target after the last record. */
        int end;

        /** Urgency of the most urgent frame. */
        int urgency;

        /** Whether records that were published remain, because the target is full. */
        boolean full;
    }

    boolean isEmptyOnCommitThread() {
        return (int) INT.getAcquire(ring, offset(takePosition)) == 0;
    }

    /** Returns whether every claim has been taken. Meaningful once the buffer is closed. */
    boolean isDrainedOnCommitThread() {
        return completeSequence(tail, takenSequence) == takenSequence;
    }

    /** Moves whole published frames, in order, to a buffer, from the given position up to its capacity. */
    void takeOnCommitThread(Taken taken, ByteBuffer target, int from) {
        taken.records = 0;
        taken.firstSequence = takenSequence + 1;
        taken.end = from;
        taken.urgency = Integer.MAX_VALUE;
        taken.full = false;
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
                    taken.full = true;
                    break;
                }
                taken.records += word & COUNT_MASK;
                taken.urgency = Math.min(taken.urgency, (word >>> URGENCY_SHIFT) & 3);
                target.put(taken.end, ring, at + FRAME_HEADER_BYTES, recordBytes);
                taken.end += recordBytes;
            }
            takePosition += length;
        }
        takenBytes = takePosition - consumedPosition.value();
        freeTaken(taken.records);
    }

    /** Records that everything taken is in the file. The room left in the file must have been published before. */
    void writtenOnCommitThread() {
        takenBytes = 0;
    }

    private void freeTaken(int records) {
        long taken = takenSequence;
        for (long position = consumedPosition.value(); position < takePosition; ) {
            int at = offset(position);
            int bytes = (int) Math.min(Math.min(takePosition - position, capacity - at), ZEROS.length);
            ring.put(at, ZEROS, 0, bytes);
            position += bytes;
        }
        if (records > 0) {
            takenSequence = taken + records;
        }
        if (takePosition != consumedPosition.value()) {
            consumedPosition.open(takePosition);
        }
    }

    /**
     * Returns the memory to the pool for the next log, unless a claim was never published: its appender may still write.
     * Call it after {@link #close} and after the commit thread has ended.
     */
    void release() {
        long end = completePosition(tail, consumedPosition.value());
        for (long position = takePosition; position < end; ) {
            int length = (int) INT.getAcquire(ring, offset(position));
            if (length == 0) {
                return;
            }
            position += length;
        }
        DirectBuffers.release(ring);
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
}
