package io.veloz.wal.internal.commit;

import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.internal.segment.SegmentFile;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.locks.LockSupport;

/**
 * Who gets room in the buffer and a sequence, who waits for it, and who is refused. Any thread may claim.
 *
 * <p>Whatever has a sequence can be written: so nothing gets one that might need a segment that is not there yet.
 */
final class Claims {
    /** A frame of 40 bytes can become a batch of its own, of 112 bytes. */
    private static final int LARGEST_GROWTH = 3;

    /** Instead of a position: the active segment may be full and the next one not ready, or another thread is claiming. */
    private static final long NO_ROOM_YET = -3;

    private static final long NO_ROOM_POLL_NANOS = 100_000;

    private final AppendBuffer buffer;
    private final CommitState state;
    private final Notifier notifier;
    private final Handover handover;
    private final long bufferFullTimeoutNanos;

    private static final AtomicIntegerFieldUpdater<Claims> CLAIMING =
            AtomicIntegerFieldUpdater.newUpdater(Claims.class, "claiming");

    /**
     * 1 while a thread compares a claim with the room that is left. Released by a plain write: at the end of the stack no
     * method can be called, and a lock would stay locked.
     */
    @SuppressWarnings("UnusedVariable") // read through CLAIMING
    private volatile int claiming;

    Claims(AppendBuffer buffer, CommitState state, Notifier notifier, Handover handover, long bufferFullTimeoutNanos) {
        this.buffer = buffer;
        this.state = state;
        this.notifier = notifier;
        this.handover = handover;
        this.bufferFullTimeoutNanos = bufferFullTimeoutNanos;
    }

    /**
     * Claims room and sequences, and waits for them if need be. What is claimed must be published.
     *
     * @param future whether the claim is going to have a future
     */
    long claim(int records, int recordBytes, boolean future) {
        long claim = tryToClaim(records, recordBytes, future);
        return claim >= 0 ? claim : claimSlowly(records, recordBytes, future, claim);
    }

    private long tryToClaim(int records, int recordBytes, boolean future) {
        long limit = future ? notifier.slotLimit() : Long.MAX_VALUE - 1;
        if (handover.isPrepared() && !state.isDiskFull()) {
            return buffer.claim(records, recordBytes, limit);
        }
        // One thread at a time, so that all together do not claim more than the segment has room for.
        if (!CLAIMING.compareAndSet(this, 0, 1)) {
            return NO_ROOM_YET;
        }
        try {
            refuseIfDiskFull(recordBytes);
            // While it is not known whether there will be a next segment, nothing gets a sequence that might need it.
            if (handover.isPrepared() || fitsActive(recordBytes) || buffer.isClosed()) {
                return buffer.claim(records, recordBytes, limit);
            }
            return NO_ROOM_YET;
        } finally {
            claiming = 0;
        }
    }

    private long claimSlowly(int records, int recordBytes, boolean future, long firstAnswer) {
        long answer = firstAnswer;
        long deadline = System.nanoTime() + bufferFullTimeoutNanos;
        while (answer < 0) {
            if (answer == AppendBuffer.CLOSED) {
                state.throwIfFailing();
                throw new IllegalStateException("the log is closed");
            }
            long left = deadline - System.nanoTime();
            if (left <= 0 && answer == NO_ROOM_YET) {
                throw new WalBusyException("the next segment was not ready after " + bufferFullTimeoutNanos / 1_000_000
                        + " ms, and the active one is full");
            }
            if (left <= 0) {
                throw new WalBusyException("the append buffer of " + buffer.capacity() + " bytes stayed full for "
                        + bufferFullTimeoutNanos / 1_000_000 + " ms; " + buffer.pendingBytes() + " bytes are waiting");
            }
            long first = buffer.lastClaimedSequence() + 1;
            if (answer == NO_ROOM_YET) {
                LockSupport.parkNanos(this, NO_ROOM_POLL_NANOS);
            } else if (future && first > notifier.slotLimit()) {
                notifier.awaitSlot(first, left);
            } else {
                long consumed = buffer.consumedPosition().value();
                if (buffer.pendingBytes() + 2L * AppendBuffer.frameBytes(recordBytes) > buffer.capacity()) {
                    buffer.consumedPosition().await(consumed + 1, left);
                }
            }
            answer = tryToClaim(records, recordBytes, future);
        }
        return answer;
    }

    /** Refuses what might not fit into the active segment any more, so that whatever has a sequence can be written. */
    private void refuseIfDiskFull(int recordBytes) {
        String blocked = state.writeBlocked;
        if (blocked != null) {
            throw diskFull("no room to write", blocked);
        }
        String reason = state.diskFull;
        if (reason == null) {
            return;
        }
        if (!fitsActive(recordBytes)) {
            throw diskFull("no room for the next segment, and the active one is full", reason);
        }
    }

    private boolean fitsActive(int recordBytes) {
        // What is unwritten is asked for before the room: bytes that go from the one to the other meanwhile count
        // twice,
        // and not never.
        long needed = LARGEST_GROWTH * (buffer.unwrittenBytes() + AppendBuffer.frameBytes(recordBytes))
                + 2L * SegmentFile.RECORDS_AT;
        return needed <= state.activeRoomBytes;
    }

    private static WalDiskFullException diskFull(String what, String reason) {
        return new WalDiskFullException(
                what + ": " + reason + "; the record was not appended; free space, and the log goes on", null);
    }
}
