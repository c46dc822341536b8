package io.veloz.wal.internal.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

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
 *   frame:  | length (int, 0 = not yet) | flags and count (int) | first sequence (long) | records as in the file |
 *   tail:   | closed (1 bit) | sequence (23 bits) | position / 8 (40 bits) |
 * </pre>
 *
 * Sequence and position in the tail are the low bits of numbers that only grow. They are completed from what the commit
 * thread has taken: the ring holds at most 2^22 records and 2^27 bytes, so there is one answer. For a stale tail to pass
 * the compare-and-set, a claimer would have to sleep while a multiple of 8 TiB and of 2^23 records go by, both exactly.
 */
final class AppendBuffer {
    static final int FRAME_HEADER_BYTES = 16;

    /** What {@link #claim} returns instead of a position. */
    static final long FULL = -1;

    static final long CLOSED = -2;

    /** How urgent it is to force a frame: the most urgent one of a batch decides. */
    static final int FORCE_NOW = 0;

    static final int FORCE_SOON = 1;
    static final int FORCE_LATER = 2;

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
    private static final long CLOSED_BIT = 1L << 63;

    private static final int COUNT_MASK = (1 << 24) - 1;
    private static final int PADDING = 1 << 30;
    private static final int URGENCY_SHIFT = 24;

    private static final byte[] ZEROS = new byte[64 * 1024];

    private final ByteBuffer ring;
    private final int capacity;

    @SuppressWarnings("unused") // through TAIL
    private volatile long tail;

    /** Everything before it has been taken, and may be overwritten. Written by the commit thread. */
    private final Gate consumedPosition;

    /** The last sequence taken. Written by the commit thread, before {@link #consumedPosition}. */
    private volatile long takenSequence;

    /** Bytes taken that are not in the file yet. Written by the commit thread, before {@link #consumedPosition}. */
    private volatile long takenBytes;

    private final ClaimLoss claimLoss = new ClaimLoss();

    // Of the commit thread alone.
    private long takePosition;

    AppendBuffer(int capacity, long lastSequence) {
        this.capacity = capacity;
        this.ring = DirectBuffers.take(capacity);
        this.takenSequence = lastSequence;
        this.consumedPosition = new Gate(0);
        this.tail = (lastSequence & SEQUENCE_MASK) << POSITION_BITS;
        // Links the call, which takes memory, before a failure that has none closes the buffer.
        boolean unused = TAIL.compareAndSet(this, tail, tail);
    }

    /** Bytes that records of that size take in the ring. */
    static int frameBytes(int recordBytes) {
        return FRAME_HEADER_BYTES + recordBytes;
    }

    /**
     * Claims room and sequences, or nothing. What is claimed must be published: the commit thread waits for it.
     *
     * @param firstLimit the first sequence must not be beyond it
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
                    // Kept in the claimed range itself: to return two numbers would take an object.
                    ring.putLong(offset(position + padding) + 8, sequence + 1);
                    return position + padding;
                } catch (Throwable t) {
                    // The caller's stack is at its end, say.
                    claimLoss.happened = true;
                    throw t;
                }
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

    /** Of a claim: the sequence of its first record. Before it is published. */
    long firstSequence(long claim) {
        return ring.getLong(offset(claim) + 8);
    }

    /** Of a claim: where in {@link #bytes()} its records go. */
    int recordsAt(long claim) {
        return offset(claim) + FRAME_HEADER_BYTES;
    }

    /** For absolute puts into a claimed range only. */
    ByteBuffer bytes() {
        return ring;
    }

    /** Hands a claim over to the commit thread. The caller wakes it. */
    void publish(long claim, int records, int recordBytes, int urgency) {
        int at = offset(claim);
        ring.putInt(at + 4, records | (urgency << URGENCY_SHIFT));
        INT.setRelease(ring, at, frameBytes(recordBytes));
    }

    /** To be set for a claim that will not be published. */
    ClaimLoss claimLoss() {
        return claimLoss;
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
            if ((seen & CLOSED_BIT) != 0 || TAIL.compareAndSet(this, seen, seen | CLOSED_BIT)) {
                return lastClaimedSequence();
            }
        }
    }

    boolean isClosed() {
        return (tail & CLOSED_BIT) != 0;
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

    /** Bytes claimed that are not in the file yet: at least those, as they pass from one count to the other. */
    long unwrittenBytes() {
        long pending = pendingBytes();
        return pending + takenBytes;
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

        /** The most urgent one of all frames. */
        int urgency;
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
        taken.urgency = Integer.MAX_VALUE;
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
                taken.records += word & COUNT_MASK;
                taken.urgency = Math.min(taken.urgency, (word >>> URGENCY_SHIFT) & 3);
                target.put(taken.end, ring, at + FRAME_HEADER_BYTES, recordBytes);
                taken.end += recordBytes;
            }
            takePosition += length;
        }
        takenBytes = takePosition - consumedPosition.value();
        giveBack(taken.records);
    }

    /** What was taken is in the file, and the file's room has been told. */
    void writtenOnCommitThread() {
        takenBytes = 0;
    }

    private void giveBack(int records) {
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
     * Gives the memory to the next log, unless an appender may still write to it: one that died after its claim. After
     * {@link #close}, and after the commit thread has ended.
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
        DirectBuffers.giveBack(ring);
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
