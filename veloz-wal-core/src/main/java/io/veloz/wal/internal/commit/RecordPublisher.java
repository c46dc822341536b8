package io.veloz.wal.internal.commit;

import io.veloz.wal.Durability;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.internal.commit.Notifier.PendingAppend;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.stats.Stalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Claims space and sequences in the append buffer, copies records into the claim, and publishes it to the commit thread.
 * Thread-safe.
 *
 * <p>Every record with a sequence can be written. So a claim is refused, or waits, if it might need a segment that does not
 * exist yet.
 *
 * <p>A claim must be published, because sequences have no gaps. So nothing that can fail is done between the two, and the
 * payload is readable: it is an array, or an image that was copied before. Only the end of the stack remains. Then either
 * the claim has not been made, or the log fails, so that no caller continues after a record of unknown state.
 */
public final class RecordPublisher {
    /** The most file bytes for each byte of a frame: a frame of 40 bytes can become a batch of 112 bytes. */
    private static final int LARGEST_GROWTH = 3;

    /** Instead of a position: the active segment may be full, and there is no next one. */
    private static final long NO_SEGMENT = -3;

    /** Instead of a position: another thread compares its claim with the space that is left. */
    private static final long OTHER_CLAIMS = -4;

    private static final long NO_SEGMENT_POLL_NANOS = 100_000;

    /** The most pooled images. If more threads copy at the same moment, further images are allocated. */
    private static final int POOLED_IMAGES = 8;

    private static final int SMALLEST_IMAGE_BYTES = 1024;

    private static final AtomicIntegerFieldUpdater<RecordPublisher> CLAIMING =
            AtomicIntegerFieldUpdater.newUpdater(RecordPublisher.class, "claiming");

    private final AppendBuffer buffer;
    private final CommitState state;
    private final Notifier notifier;
    private final Handover handover;
    private final Stalls stalls;
    private final CommitThread commitThread;
    private final long bufferFullTimeoutNanos;

    /** Images that are not borrowed. Each has at most twice the bytes of the largest record. */
    private final AtomicReferenceArray<@Nullable ByteBuffer> images = new AtomicReferenceArray<>(POOLED_IMAGES);

    /**
     * 1 while a thread compares a claim with the space that is left. Released by a plain store: at the end of the stack no
     * method can be called, and a lock would stay locked.
     */
    @SuppressWarnings("UnusedVariable") // accessed through CLAIMING
    private volatile int claiming;

    public RecordPublisher(
            AppendBuffer buffer,
            CommitState state,
            Notifier notifier,
            Handover handover,
            Stalls stalls,
            CommitThread commitThread,
            long bufferFullTimeoutNanos) {
        this.buffer = buffer;
        this.state = state;
        this.notifier = notifier;
        this.handover = handover;
        this.stalls = stalls;
        this.commitThread = commitThread;
        this.bufferFullTimeoutNanos = bufferFullTimeoutNanos;
    }

    // ---- before the claim, as loading a class or allocating can fail

    /** Returns the urgency of a force for records of a durability. */
    public static int urgency(Durability durability) {
        return switch (durability) {
            case LOSE_NOTHING -> AppendBuffer.FORCE_NOW;
            case LOSE_LAST_INTERVAL -> AppendBuffer.FORCE_SOON;
            case LOSE_UNFORCED -> AppendBuffer.FORCE_LATER;
        };
    }

    /** Creates the future of an append. */
    public PendingAppend newFuture() {
        return new PendingAppend(notifier);
    }

    /** Returns a heap buffer for the bytes of records, which {@link #append(int, ByteBuffer, int, int, PendingAppend)} reuses. */
    public ByteBuffer borrowImage(int bytes) {
        int first = (int) Thread.currentThread().getId();
        for (int i = 0; i < POOLED_IMAGES; i++) {
            @Nullable ByteBuffer image = images.getAndSet((first + i) & (POOLED_IMAGES - 1), null);
            if (image != null && image.capacity() >= bytes) {
                return image;
            }
        }
        int capacity = Math.max(SMALLEST_IMAGE_BYTES, Integer.highestOneBit(bytes * 2 - 1));
        return ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void returnImage(ByteBuffer image) {
        images.set((int) Thread.currentThread().getId() & (POOLED_IMAGES - 1), image);
    }

    // ---- claim, copy, publish

    /**
     * Appends one record with a payload in an array, and returns its sequence.
     *
     * @param pending the future to complete, or null
     */
    public long append(
            int type,
            byte[] payload,
            int offset,
            int bytes,
            long timestampNanos,
            int urgency,
            @Nullable PendingAppend pending) {
        int recordBytes = RecordLayout.size(bytes);
        long claim = claim(1, recordBytes, pending != null);
        try {
            long sequence = buffer.firstSequence(claim);
            int at = buffer.recordsAt(claim);
            ByteBuffer ring = buffer.bytes();
            RecordLayout.putHeader(ring, at, bytes, type, 0, timestampNanos);
            ring.put(at + RecordLayout.HEADER_BYTES, payload, offset, bytes);
            register(pending, sequence, sequence);
            buffer.publish(claim, 1, recordBytes, urgency);
            published(pending, sequence);
            return sequence;
        } catch (Throwable t) {
            // First, and without a call: at the end of the stack no method can be called.
            buffer.claimLost = true;
            throw claimLost(t);
        }
    }

    /**
     * Appends records as one group, and returns the sequence of the last one.
     *
     * @param image a borrowed buffer with the records as in the file, from its start; returned to the pool by this method,
     *     or left to the garbage collector if the append is refused
     * @param pending the future to complete, or null
     */
    public long append(int records, ByteBuffer image, int recordBytes, int urgency, @Nullable PendingAppend pending) {
        long claim = claim(records, recordBytes, pending != null);
        try {
            long first = buffer.firstSequence(claim);
            buffer.bytes().put(buffer.recordsAt(claim), image, 0, recordBytes);
            // In the slot of the first record: the group is in one batch, so it is delivered as a whole.
            register(pending, first, first + records - 1);
            buffer.publish(claim, records, recordBytes, urgency);
            published(pending, first);
            returnImage(image);
            return first + records - 1;
        } catch (Throwable t) {
            // First, and without a call: at the end of the stack no method can be called.
            buffer.claimLost = true;
            throw claimLost(t);
        }
    }

    private void register(@Nullable PendingAppend pending, long first, long last) {
        if (pending != null) {
            pending.sequence = last;
            notifier.register(first, pending);
        }
    }

    private void published(@Nullable PendingAppend pending, long first) {
        commitThread.wake();
        // The log may have failed between the claim and the publication.
        if (pending != null && state.hasFailed()) {
            notifier.failIfPending(first, pending);
        }
    }

    /** Rethrows a stack overflow. Whether the claimed record will be written is unknown, so the log fails. */
    private RuntimeException claimLost(Throwable t) {
        commitThread.wake();
        if (t instanceof RuntimeException e) {
            throw e;
        }
        throw (Error) t;
    }

    // ---- claims

    private long claim(int records, int recordBytes, boolean future) {
        long claim = tryToClaim(records, recordBytes, future);
        return claim >= 0 ? claim : claimSlowly(records, recordBytes, future, claim);
    }

    private long tryToClaim(int records, int recordBytes, boolean future) {
        long limit = future ? notifier.slotLimit() : Long.MAX_VALUE - 1;
        if (handover.isPrepared() && !state.isDiskFull()) {
            return buffer.claim(records, recordBytes, limit);
        }
        // One thread at a time, so that all threads together do not claim more than the segment has space for.
        if (!CLAIMING.compareAndSet(this, 0, 1)) {
            return OTHER_CLAIMS;
        }
        try {
            refuseIfDiskFull(recordBytes);
            // Without a prepared segment only records that fit into the active one receive a sequence.
            if (hasSegmentFor(recordBytes) || buffer.isClosed()) {
                return buffer.claim(records, recordBytes, limit);
            }
            return NO_SEGMENT;
        } finally {
            claiming = 0;
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // the other thread claims within a microsecond if it runs
    private long claimSlowly(int records, int recordBytes, boolean future, long firstResult) {
        long result = firstResult;
        long deadline = System.nanoTime() + bufferFullTimeoutNanos;
        while (result < 0) {
            if (result == OTHER_CLAIMS) {
                // Neither refused nor counted as a wait, whatever the timeout: it says nothing about space.
                Thread.yield();
                result = tryToClaim(records, recordBytes, future);
                continue;
            }
            if (result == AppendBuffer.CLOSED) {
                state.throwIfFailing();
                throw new IllegalStateException("the log is closed");
            }
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw timeout(result);
            }
            long first = buffer.lastClaimedSequence() + 1;
            if (result == NO_SEGMENT) {
                awaitSegment(recordBytes, deadline);
            } else if (future && first > notifier.slotLimit()) {
                notifier.awaitSlot(first, left);
            } else {
                long consumed = buffer.consumedPosition().value();
                if (buffer.pendingBytes() + 2L * AppendBuffer.frameBytes(recordBytes) > buffer.capacity()) {
                    buffer.consumedPosition().await(consumed + 1, left);
                }
            }
            result = tryToClaim(records, recordBytes, future);
        }
        return result;
    }

    private boolean hasSegmentFor(int recordBytes) {
        return handover.isPrepared() || fitsActive(recordBytes);
    }

    /** Waits until a claim can succeed or will be refused. It claims nothing, so it may fail. */
    private void awaitSegment(int recordBytes, long deadline) {
        stalls.beginAppend();
        try {
            do {
                LockSupport.parkNanos(this, NO_SEGMENT_POLL_NANOS);
            } while (!hasSegmentFor(recordBytes)
                    && !buffer.isClosed()
                    && !state.isDiskFull()
                    && deadline - System.nanoTime() > 0);
        } finally {
            stalls.endAppend();
        }
    }

    private WalBusyException timeout(long result) {
        long millis = bufferFullTimeoutNanos / 1_000_000;
        if (result == NO_SEGMENT) {
            return new WalBusyException(
                    "the active segment is full, and the next one was not ready after " + millis + " ms");
        }
        return new WalBusyException("the append buffer of " + buffer.capacity() + " bytes stayed full for " + millis
                + " ms; " + buffer.pendingBytes() + " bytes are waiting");
    }

    /** Refuses a record that might not fit into the active segment while there is no space for the next one. */
    private void refuseIfDiskFull(int recordBytes) {
        String blocked = state.writeBlocked;
        if (blocked != null) {
            throw diskFull("writes fail", blocked);
        }
        String reason = state.diskFull;
        if (reason == null) {
            return;
        }
        if (!fitsActive(recordBytes)) {
            throw diskFull("no space for the next segment, and the active one is full", reason);
        }
    }

    private boolean fitsActive(int recordBytes) {
        // Unwritten bytes before the space that is left: bytes that are written in between count twice, not never.
        long needed = LARGEST_GROWTH * (buffer.unwrittenBytes() + AppendBuffer.frameBytes(recordBytes))
                + 2L * SegmentFile.RECORDS_AT;
        return needed <= state.activeRoomBytes;
    }

    private static WalDiskFullException diskFull(String what, String reason) {
        return new WalDiskFullException(
                "disk full: " + what + ": " + reason
                        + "; the record was not appended; the log continues when there is space",
                null);
    }
}
