package io.veloz.wal.internal.commit;

import io.veloz.wal.Durability;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalListener;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Recovery.Recovered;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The writing side of an open log: the buffer, the threads, and the gates at which callers wait. Any thread may call any
 * method.
 */
public final class LogWriter {
    private final AppendBuffer buffer;
    private final CommitState state;
    private final CommitStats stats = new CommitStats();
    private final Notifier notifier;
    private final Handover handover;
    private final Housekeeper housekeeper;
    private final CommitThread commitThread;
    private final SealedSegments sealedSegments;
    private final TrimMark.Writer trimMark;
    private final WatchedStorage watched;
    private final LockWatch lockWatch;
    private final Claims claims;
    private final long closeTimeoutNanos;
    private final String closeTooSlow;

    /** One close at a time. No monitor, so that a virtual thread is not pinned. */
    private final ReentrantLock closing = new ReentrantLock();

    // Guarded by it.
    private boolean releases;
    private boolean closed;

    public LogWriter(
            WalConfig config,
            LongSupplier intervalClockNanos,
            Storage storage,
            SegmentNames names,
            StorageLock lock,
            Recovered recovered) {
        String name = storage.describe();
        long lastSequence = recovered.lastSequence();
        this.closeTimeoutNanos = config.closeTimeout().toNanos();
        this.closeTooSlow = "close waited " + closeTimeoutNanos / 1_000_000 + " ms for the disk";
        this.buffer = new AppendBuffer(config.bufferBytes(), lastSequence);
        this.state = new CommitState(buffer, lastSequence);
        this.notifier =
                new Notifier(state, config.listener(), config.maxPendingFutures(), "veloz-wal-notifier " + name);
        this.watched = new WatchedStorage(storage, state);
        this.sealedSegments = new SealedSegments(
                watched, names, state, recovered.sealed(), recovered.lastFooter(), recovered.lastSequence() + 1);
        this.trimMark = TrimMark.writer(watched, names, recovered.logId());
        this.handover = new Handover(state, stats, notifier);
        this.claims = new Claims(
                buffer, state, notifier, handover, config.bufferFullTimeout().toNanos());
        this.lockWatch = new LockWatch(lock, state);
        FullDisk fullDisk = new FullDisk(state, notifier, handover, lockWatch);
        Preparation preparation = new Preparation(
                watched,
                names,
                new Preparation.Settings(
                        recovered.logId(), config.segmentBytes(), config.maxBatchBytes(), config.wallClockNanos()),
                recovered.activeHeader().number() + 1,
                handover,
                fullDisk,
                lockWatch,
                notifier);
        this.housekeeper = new Housekeeper(
                watched,
                names,
                sealedSegments,
                preparation,
                fullDisk,
                handover,
                lockWatch,
                state,
                stats,
                notifier,
                "veloz-wal-housekeeper " + name);
        this.commitThread = new CommitThread(
                buffer,
                state,
                stats,
                notifier,
                handover,
                new CommitThread.Settings(
                        config.forceInterval().toNanos(),
                        config.heartbeatDelay().toNanos(),
                        config.segmentMaxAge().toNanos(),
                        intervalClockNanos,
                        config.wallClockNanos()),
                config.maxBatchBytes(),
                new SegmentFile(recovered.activeFile(), recovered.activeHeader(), recovered.predecessor()),
                "veloz-wal-commit " + name);
        state.whenFailed(commitThread::wakeAlways, handover::wake, notifier::signal);
        handover.whenPrepared(commitThread::wake);
    }

    /**
     * Starts the threads. If one of them cannot be started none is left when this throws, and the active segment is as it
     * was handed over: open.
     */
    public void start() {
        start(Thread::start);
    }

    void start(Consumer<Thread> starter) {
        boolean started = false;
        try {
            notifier.start(starter);
            housekeeper.start(starter);
            // Last: it is the one that closes the active segment when it ends.
            commitThread.start(starter);
            started = true;
        } finally {
            if (!started) {
                endThreads();
            }
        }
    }

    /** However long it takes: an open waits for the disk too. */
    private void endThreads() {
        buffer.close();
        handover.stop();
        housekeeper.join(Long.MAX_VALUE / 2);
        notifier.stop();
        notifier.join(Long.MAX_VALUE / 2);
    }

    // ---- appending: claim, copy into bytes(), publish

    /**
     * Claims room and sequences, and waits for them if need be. What is claimed must be published.
     *
     * @param future whether the claim is going to have a future
     */
    public long claim(int records, int recordBytes, boolean future) {
        return claims.claim(records, recordBytes, future);
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

    /**
     * Hands a claim over to the commit thread.
     *
     * @param urgency of {@link #urgency}, which is computed before the claim: it may load a class, which can fail
     */
    public void publish(long claim, int records, int recordBytes, int urgency) {
        buffer.publish(claim, records, recordBytes, urgency);
    }

    /** After a publish. */
    public void wake() {
        commitThread.wake();
    }

    public static int urgency(Durability durability) {
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

    /** A future for an append. Before the claim, so that nothing after it needs memory. */
    public PendingAppend newFuture() {
        return new PendingAppend(notifier);
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
        // First, so that a segment which cannot be made is not tried for ever while this waits for it.
        handover.beginRoll();
        try {
            commitThread.requestRoll(sequence);
            state.sealed.await(sequence, Long.MAX_VALUE);
        } finally {
            handover.endRoll();
        }
    }

    // ---- trimming

    /**
     * Deletes sealed segments that hold nothing beyond a sequence, and returns when that is durable. On a thread that
     * cannot be interrupted. Rolls go on meanwhile.
     *
     * @throws IllegalStateException if the log is closed
     */
    public List<SegmentReport> trim(long upToSequence, int keepSegments) throws IOException {
        // A second owner may have other files under these names.
        lockWatch.look();
        List<SegmentReport> trimmed = sealedSegments.trim(upToSequence, keepSegments, trimMark);
        if (!trimmed.isEmpty()) {
            handover.roomMade();
            long last = trimmed.get(trimmed.size() - 1).lastSequence();
            notifier.event(listener -> listener.onTrimmed(last));
        }
        return trimmed;
    }

    /** The oldest sealed segment; null if there is none. */
    public @Nullable SegmentReport oldestSealed() {
        return sealedSegments.oldest();
    }

    /** Of the oldest record that is still there; of the next one if there is none. */
    public long firstSequence() {
        return sealedSegments.firstSequence();
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
     * Commits what was appended, and ends the threads. If this throws, another call goes on where it has stopped. Once it
     * has returned, or has failed because of the disk, further calls do nothing.
     *
     * @param whenEnded runs once, when no thread touches the files any more; maybe after this has thrown
     * @throws WalFailedException if the log has failed, or the disk took too long
     * @throws WalBusyException if all is on disk and closed, but a callback that does not return holds up the futures
     */
    public void close(Runnable whenEnded) {
        closing.lock();
        try {
            if (!closed) {
                closeAlone(whenEnded);
            }
        } finally {
            closing.unlock();
        }
    }

    /** What waits for the log's threads must not run on one of them. */
    public void refuseOnOwnThread(String what) {
        if (notifier.isOwnThread() || commitThread.isOwnThread() || housekeeper.isOwnThread()) {
            throw new IllegalStateException(
                    what + " was called on " + Thread.currentThread().getName()
                            + ", which it waits for; call it on a thread of the application");
        }
    }

    private void closeAlone(Runnable whenEnded) {
        long deadline = System.nanoTime() + closeTimeoutNanos;
        buffer.close();
        handover.closing();
        commitThread.stop();
        boolean ended = commitThread.join(deadline - System.nanoTime());
        if (!ended) {
            failClose();
        }
        handover.stop();
        ended &= housekeeper.join(Math.max(1_000_000, deadline - System.nanoTime()));
        ended &= sealedSegments.endTrimming(Math.max(1_000_000, deadline - System.nanoTime()));
        if (!ended) {
            failClose();
        }
        releaseWhenEnded(ended, whenEnded);
        notifier.stop();
        boolean delivered = notifier.join(Math.max(1_000_000, deadline - System.nanoTime()));
        closed = delivered || state.hasFailed();
        state.throwIfFailed();
        if (!delivered) {
            throw new WalBusyException(
                    "all records are on disk and the log is closed, but a callback has not returned for "
                            + closeTimeoutNanos / 1_000_000 + " ms, and the futures after it are pending: " + notifier
                            + "; they complete when it returns");
        }
    }

    private void releaseWhenEnded(boolean ended, Runnable whenEnded) {
        if (releases) {
            return;
        }
        if (ended) {
            whenEnded.run();
            commitThread.release();
            buffer.release();
        } else {
            // A force that hangs may still return. Until then the lock stays, so that no other writer opens the files.
            Thread last = new Thread(
                    () -> {
                        commitThread.join(Long.MAX_VALUE / 2);
                        housekeeper.join(Long.MAX_VALUE / 2);
                        sealedSegments.endTrimming(Long.MAX_VALUE / 2);
                        whenEnded.run();
                    },
                    "veloz-wal-close");
            last.setDaemon(true);
            last.start();
        }
        releases = true;
    }

    private void failClose() {
        state.fail(closeTooSlow, null);
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
