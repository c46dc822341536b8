package io.veloz.wal.internal.commit;

import io.veloz.wal.Durability;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.WalListener;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Recovery.Recovered;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The writing side of an open log: the buffer, the threads, and the gates at which callers wait. Any thread may call any
 * method.
 */
public final class LogWriter {
    /** A frame of 40 bytes can become a batch of its own, of 112 bytes. */
    private static final int LARGEST_GROWTH = 3;

    /** Instead of a position: the active segment may be full, and the next one is not there yet. */
    private static final long NO_ROOM_YET = -3;

    private static final long NO_ROOM_POLL_NANOS = 100_000;

    private final AppendBuffer buffer;
    private final CommitState state;
    private final CommitStats stats = new CommitStats();
    private final Notifier notifier;
    private final Housekeeper housekeeper;
    private final CommitThread commitThread;
    private final SealedSegments sealedSegments;
    private final TrimMark.Writer trimMark;
    private final WatchedStorage watched;
    private final ReentrantLock whileDiskFull = new ReentrantLock();
    private final long bufferFullTimeoutNanos;
    private final long closeTimeoutNanos;

    public LogWriter(
            WalConfig config,
            LongSupplier intervalClockNanos,
            Storage storage,
            SegmentNames names,
            Recovered recovered) {
        String name = storage.describe();
        long lastSequence = recovered.lastSequence();
        this.bufferFullTimeoutNanos = config.bufferFullTimeout().toNanos();
        this.closeTimeoutNanos = config.closeTimeout().toNanos();
        this.buffer = new AppendBuffer(config.bufferBytes(), lastSequence);
        this.state = new CommitState(buffer, lastSequence);
        this.notifier =
                new Notifier(state, config.listener(), config.maxPendingFutures(), "veloz-wal-notifier " + name);
        this.watched = new WatchedStorage(storage, state);
        this.sealedSegments = new SealedSegments(watched, names, recovered.sealed(), recovered.lastFooter());
        this.trimMark = TrimMark.writer(watched, names, recovered.logId());
        this.housekeeper = new Housekeeper(
                watched,
                names,
                sealedSegments,
                new Housekeeper.Settings(
                        recovered.logId(), config.segmentBytes(), config.maxBatchBytes(), config.wallClockNanos()),
                recovered.activeHeader().number() + 1,
                state,
                stats,
                notifier,
                "veloz-wal-housekeeper " + name);
        this.commitThread = new CommitThread(
                buffer,
                state,
                stats,
                notifier,
                housekeeper,
                new CommitThread.Settings(
                        config.forceInterval().toNanos(),
                        config.heartbeatDelay().toNanos(),
                        config.segmentMaxAge().toNanos(),
                        intervalClockNanos,
                        config.wallClockNanos()),
                config.maxBatchBytes(),
                new SegmentFile(recovered.activeFile(), recovered.activeHeader(), recovered.predecessor()),
                "veloz-wal-commit " + name);
        state.whenFailed(commitThread::wakeAlways);
        state.whenFailed(housekeeper::wake);
        state.whenFailed(notifier::signal);
        housekeeper.whenPrepared(commitThread::wake);
    }

    public void start() {
        notifier.start();
        housekeeper.start();
        commitThread.start();
    }

    // ---- appending: claim, copy into bytes(), publish

    /**
     * Claims room and sequences, and waits for them if need be. What is claimed must be published.
     *
     * @param future whether the claim is going to have a future
     */
    public long claim(int records, int recordBytes, boolean future) {
        long claim = tryToClaim(records, recordBytes, future);
        return claim >= 0 ? claim : claimSlowly(records, recordBytes, future, claim);
    }

    private long tryToClaim(int records, int recordBytes, boolean future) {
        long limit = future ? notifier.slotLimit() : Long.MAX_VALUE - 1;
        if (housekeeper.isPrepared() && !state.isDiskFull()) {
            return buffer.claim(records, recordBytes, limit);
        }
        // One after the other, so that all together do not claim more than there is room for.
        whileDiskFull.lock();
        try {
            refuseIfDiskFull(recordBytes);
            // As long as it is not known whether there will be a next segment, nothing gets a sequence that might need
            // it.
            boolean room = housekeeper.isPrepared() || fitsActive(recordBytes) || buffer.isClosed();
            return room ? buffer.claim(records, recordBytes, limit) : NO_ROOM_YET;
        } finally {
            whileDiskFull.unlock();
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

    public long firstSequence(long claim) {
        return buffer.firstSequence(claim);
    }

    public int recordsAt(long claim) {
        return buffer.recordsAt(claim);
    }

    /** For absolute puts into a claimed range only. */
    public ByteBuffer bytes() {
        return buffer.bytes();
    }

    public void publish(long claim, int records, int recordBytes, Durability durability) {
        buffer.publish(claim, records, recordBytes, urgency(durability));
    }

    /** After a publish. */
    public void wake() {
        commitThread.wake();
    }

    private static int urgency(Durability durability) {
        return switch (durability) {
            case LOSE_NOTHING -> AppendBuffer.FORCE_NOW;
            case LOSE_LAST_INTERVAL -> AppendBuffer.FORCE_SOON;
            case LOSE_UNFORCED -> AppendBuffer.FORCE_LATER;
        };
    }

    /** To be set for a claim that could not be filled and published: fails the log. */
    public ClaimLoss claimLoss() {
        return buffer.claimLoss();
    }

    /** Before the claim is published. */
    public void register(long firstSequence, PendingAppend pending) {
        notifier.register(firstSequence, pending);
    }

    /** After the claim is published: the log may have failed in between. */
    public void failIfPending(long firstSequence, PendingAppend pending) {
        if (state.hasFailed()) {
            notifier.failIfPending(firstSequence, pending);
        }
    }

    // ---- waiting

    public boolean awaitDurable(long sequence, long timeoutNanos) {
        return state.durable.await(sequence, timeoutNanos);
    }

    public long durableSequence() {
        return state.durable.value();
    }

    public long lastSequence() {
        return buffer.lastClaimedSequence();
    }

    public boolean hasFailed() {
        return state.hasFailed();
    }

    /** Has everything up to a sequence forced, whatever its durability. Does not wait. */
    public void requestForce(long sequence) {
        commitThread.requestForce(sequence);
    }

    /**
     * Returns when everything up to a sequence is in sealed segments.
     *
     * @throws IllegalStateException if the log is closed before
     */
    public void roll(long sequence) {
        commitThread.requestRoll(sequence);
        state.sealed.await(sequence, Long.MAX_VALUE);
    }

    // ---- trimming

    /**
     * Runs a task on the thread that owns the sealed segments.
     *
     * @throws IllegalStateException if the log is closed
     */
    public <T> FutureTask<T> onHousekeeper(Callable<T> task) {
        FutureTask<T> future = new FutureTask<>(() -> {
            // Again, here: on a failed log nothing is changed any more.
            state.throwIfFailed();
            return task.call();
        });
        housekeeper.execute(future);
        return future;
    }

    /** On the housekeeping thread. */
    public List<SegmentReport> trimOnHousekeeper(long upToSequence, int keepSegments) throws IOException {
        state.throwIfFailed();
        List<SegmentReport> trimmed = sealedSegments.trim(upToSequence, keepSegments, trimMark);
        if (!trimmed.isEmpty()) {
            long last = trimmed.get(trimmed.size() - 1).lastSequence();
            notifier.event(listener -> listener.onTrimmed(last));
        }
        return trimmed;
    }

    /** The oldest sealed segment; null if there is none. On the housekeeping thread. */
    public @Nullable SegmentReport oldestOnHousekeeper() {
        return sealedSegments.oldest();
    }

    /** For whoever else changes files of the open log: a failed force of the directory fails the log. */
    public Storage storage() {
        return watched;
    }

    public void event(Consumer<WalListener> event) {
        notifier.event(event);
    }

    // ---- the end

    /**
     * Commits what was appended, and ends the threads.
     *
     * @param whenEnded runs when no thread touches the files any more; maybe after this has returned
     * @return whether all ended in time
     */
    public boolean close(Runnable whenEnded) {
        long deadline = System.nanoTime() + closeTimeoutNanos;
        buffer.close();
        housekeeper.closing();
        commitThread.stop();
        boolean ended = commitThread.join(deadline - System.nanoTime());
        if (!ended) {
            failClose();
        }
        housekeeper.stop();
        ended &= housekeeper.join(Math.max(1_000_000, deadline - System.nanoTime()));
        if (ended) {
            whenEnded.run();
        } else {
            failClose();
            // A force that hangs may still return. Until then the lock stays, so that nobody else opens the files.
            Thread last = new Thread(
                    () -> {
                        commitThread.join(Long.MAX_VALUE / 2);
                        housekeeper.join(Long.MAX_VALUE / 2);
                        whenEnded.run();
                    },
                    "veloz-wal-close");
            last.setDaemon(true);
            last.start();
        }
        notifier.stop();
        notifier.join(Math.max(1_000_000, deadline - System.nanoTime()));
        return ended;
    }

    private void failClose() {
        state.fail("close waited " + closeTimeoutNanos / 1_000_000 + " ms for the disk", null);
    }

    /** The failure, for a caller who is to be told. */
    public void throwIfFailed() {
        state.throwIfFailed();
    }

    public boolean isDiskFull() {
        return state.isDiskFull();
    }

    public CommitStats stats() {
        return stats;
    }

    public long bufferedBytes() {
        return buffer.pendingBytes();
    }

    public long activeRoomBytes() {
        return state.activeRoomBytes;
    }
}
