package io.veloz.wal.internal.commit;

import io.veloz.wal.Durability;
import io.veloz.wal.WalListener;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that writes the log. It takes whatever the appenders have published, writes it as one batch with one
 * call, forces it, and only then lets the waiters through. What arrives meanwhile is the next batch, so there is no timer
 * and no batch is smaller than it has to be.
 *
 * <p>A batch is written only after the force of the one before has returned, and never lies in two segments. So, under
 * {@link Durability#LOSE_NOTHING}, at most the last batch of a log can be torn, and it was never acknowledged.
 *
 * <p>Crash table of a commit: cut before or in the write: nothing, or a torn batch, which recovery cuts off. Cut between
 * write and force: the batch is there or torn; it was not acknowledged, and is kept if it is whole. Cut after the force:
 * it is there. The acknowledgement comes last.
 */
final class CommitThread implements Runnable {
    private static final long SPIN_NANOS = Threads.MAY_SPIN ? 30_000 : 0;
    private static final long DISK_FULL_RETRY_NANOS = 100_000_000;

    private final AppendBuffer buffer;
    private final ClaimLoss claimLoss;
    private final CommitState state;
    private final CommitStats stats;
    private final Notifier notifier;
    private final Handover handover;
    private final Settings settings;
    private final Thread thread;
    private final ByteBuffer batch;

    /** Of this thread. Not a literal where it is used, see {@link CommitState#fail}. */
    private final String failure;

    private final AppendBuffer.Taken taken = new AppendBuffer.Taken();

    /** Everything up to here is to be forced, whatever its durability. Raised by any thread. */
    private final AtomicLong forceUpTo = new AtomicLong();

    /** A segment that ends here or later is to be sealed. Raised by any thread. */
    private final AtomicLong rollAt = new AtomicLong();

    private volatile boolean parked;
    private volatile boolean closing;

    // Of the commit thread alone.
    private SegmentFile active;

    /** When the first record of the active segment was written; only meaningful if there is one. */
    private long activeSinceNanos;

    private long writtenSequence;
    private long rolledSequence;

    /** The highest durable sequence that a written batch states. */
    private long promisedSequence;

    /** When the oldest record that waits for the interval was written; only meaningful if there is one. */
    private long unforcedSinceNanos;

    private boolean intervalRuns;
    private long idleSinceNanos;

    record Settings(
            long forceIntervalNanos,
            long heartbeatNanos,
            long segmentMaxAgeNanos,
            LongSupplier intervalClockNanos,
            LongSupplier wallClockNanos) {}

    CommitThread(
            AppendBuffer buffer,
            CommitState state,
            CommitStats stats,
            Notifier notifier,
            Handover handover,
            Settings settings,
            int maxBatchBytes,
            SegmentFile active,
            String threadName) {
        this.buffer = buffer;
        this.claimLoss = buffer.claimLoss();
        this.state = state;
        this.stats = stats;
        this.notifier = notifier;
        this.handover = handover;
        this.settings = settings;
        this.failure = "commit failed";
        this.batch = DirectBuffers.take(maxBatchBytes);
        this.active = active;
        this.writtenSequence = state.durable.value();
        this.rolledSequence = writtenSequence;
        this.promisedSequence = writtenSequence;
        this.thread = new UninterruptibleThread(this, threadName);
        state.activeRoomBytes = active.room();
    }

    void start(Consumer<Thread> starter) {
        starter.accept(thread);
    }

    // ---- any thread

    /** After a publish. */
    void wake() {
        // The publish before and the load after must not change places, or both sides could miss each other.
        VarHandle.fullFence();
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    /** After a failure: whatever the thread is waiting for, it is not coming. */
    void wakeAlways() {
        LockSupport.unpark(thread);
    }

    void requestForce(long sequence) {
        forceUpTo.accumulateAndGet(sequence, Math::max);
        wake();
    }

    void requestRoll(long sequence) {
        rollAt.accumulateAndGet(sequence, Math::max);
        wake();
    }

    /** Commits what has been claimed, then ends. Does not wait. */
    void stop() {
        closing = true;
        wake();
    }

    boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    boolean join(long timeoutNanos) {
        return Threads.join(thread, timeoutNanos);
    }

    // ---- the commit thread

    @Override
    public void run() {
        try {
            idleSinceNanos = nanoTime();
            while (step()) {
                // Each step is a commit, a chore, or a wait.
            }
            if (!state.hasFailed()) {
                finish();
            }
        } catch (Throwable t) {
            // Also an OutOfMemoryError: a thread that may have left out a step must not acknowledge another.
            state.fail(failure, t);
        } finally {
            closeActive();
        }
    }

    private void closeActive() {
        try {
            active.close();
        } catch (Throwable t) {
            // Everything acknowledged has been forced, so the close decides nothing.
            notifier.closeFailed("close of the active segment", t);
        }
    }

    /** Gives the memory to the next log. After the thread has ended. */
    void release() {
        DirectBuffers.giveBack(batch);
    }

    private boolean step() throws IOException {
        if (state.hasFailed()) {
            return false;
        }
        buffer.takeOnCommitThread(taken, batch, SegmentFile.RECORDS_AT);
        if (taken.records > 0) {
            commit();
            // Also under load, or what is due would wait for a pause that never comes.
            chore();
            return true;
        }
        if (closing && buffer.isDrainedOnCommitThread()) {
            return false;
        }
        if (claimLoss.happened) {
            throw new IOException("an append of record " + taken.firstSequence + " or after failed half-way");
        }
        return chore() || waitForWork();
    }

    private void commit() throws IOException {
        boolean tooOld = ages() && nanoTime() - ageDue() >= 0;
        if ((tooOld || !active.hasRoomFor(taken.end - SegmentFile.RECORDS_AT)) && !roll()) {
            throw new IOException("closed while there was no room on the disk for the next segment");
        }
        write(taken.end, taken.records, taken.firstSequence);
        boolean force = taken.urgency == AppendBuffer.FORCE_NOW || forceUpTo.get() > state.durable.value();
        if (force) {
            force();
        } else if (taken.urgency == AppendBuffer.FORCE_SOON && !intervalRuns) {
            intervalRuns = true;
            unforcedSinceNanos = nanoTime();
        }
        idleSinceNanos = nanoTime();
    }

    private void write(int end, int records, long first) throws IOException {
        long durable = state.durable.value();
        long before = active.position();
        while (true) {
            try {
                active.write(batch, end, records, first, durable, settings.wallClockNanos.getAsLong(), 0);
                break;
            } catch (StorageFullException e) {
                // The segment's blocks are there already, so only a storage that copies on write comes here. Nothing of
                // the batch counts yet: the same bytes go to the same place when there is room.
                if (closing && records == 0) {
                    // Nobody waits for a heartbeat: the log ends as in a crash, with all that was acknowledged.
                    return;
                }
                waitForRoom(e);
            }
        }
        if (state.writeBlocked != null) {
            state.writeBlocked = null;
            notifier.event(WalListener::onDiskFullEnded);
        }
        batch.clear();
        if (records > 0 && active.content().firstSequence() == first) {
            activeSinceNanos = nanoTime();
        }
        writtenSequence = first + records - 1;
        promisedSequence = durable;
        state.activeRoomBytes = active.room();
        buffer.writtenOnCommitThread();
        stats.batch(records, active.position() - before);
    }

    private void waitForRoom(StorageFullException cause) throws IOException {
        if (closing) {
            throw new IOException("closed while there was no room on the disk for what was appended", cause);
        }
        if (state.writeBlocked == null) {
            String reason = String.valueOf(cause.getMessage());
            state.writeBlocked = reason;
            notifier.event(listener -> listener.onDiskFull(reason));
        }
        LockSupport.parkNanos(this, DISK_FULL_RETRY_NANOS);
        state.throwIfFailed();
    }

    private void force() throws IOException {
        long forced = writtenSequence;
        long started = System.nanoTime();
        active.force();
        stats.force(System.nanoTime() - started);
        intervalRuns = false;
        if (state.acknowledge(forced)) {
            notifier.signal();
        }
    }

    /** False if the log is closing and there is no next segment. */
    private boolean roll() throws IOException {
        if (writtenSequence > state.durable.value()) {
            // A barrier: no batch is in the next segment before everything in this one is on disk.
            force();
        }
        Predecessor predecessor = active.asPredecessor();
        Handover.@Nullable Prepared next = handover.rollOnCommitThread(active);
        if (next == null) {
            state.throwIfFailed();
            return false;
        }
        active = begin(next, predecessor);
        rolledSequence = writtenSequence;
        state.activeRoomBytes = active.room();
        return true;
    }

    private static SegmentFile begin(Handover.Prepared next, Predecessor predecessor) throws IOException {
        try {
            return new SegmentFile(next.file(), next.header(), predecessor);
        } catch (Throwable t) {
            next.file().close();
            throw t;
        }
    }

    /** Does what is due while nobody appends; false if nothing is. */
    private boolean chore() throws IOException {
        long durable = state.durable.value();
        long now = nanoTime();
        if (writtenSequence > durable && (forceUpTo.get() > durable || (intervalRuns && now - forceDue() >= 0))) {
            force();
            return true;
        }
        if (isRollAsked() || (ages() && now - ageDue() >= 0)) {
            // Written at once, so that the new segment says how the old one ended.
            if (roll()) {
                heartbeat();
            }
            return true;
        }
        if (owesHeartbeat() && now - heartbeatDue() >= 0) {
            heartbeat();
            return true;
        }
        return false;
    }

    private boolean owesHeartbeat() {
        return promisedSequence < state.durable.value() && writtenSequence == state.durable.value();
    }

    /** Only when the next segment is there: the commits need not wait for it as long as this one has room. */
    private boolean ages() {
        return settings.segmentMaxAgeNanos > 0 && !active.content().isEmpty() && handover.isPrepared();
    }

    private boolean isRollAsked() {
        long asked = rollAt.get();
        // Not before all of it is written, or what was appended last would take a second roll.
        return asked > rolledSequence && writtenSequence >= asked && handover.isPrepared();
    }

    /** For what is due after an interval. */
    private long nanoTime() {
        return settings.intervalClockNanos.getAsLong();
    }

    private long forceDue() {
        return unforcedSinceNanos + settings.forceIntervalNanos;
    }

    private long ageDue() {
        return activeSinceNanos + settings.segmentMaxAgeNanos;
    }

    private long heartbeatDue() {
        return idleSinceNanos + settings.heartbeatNanos;
    }

    /** A batch without records, which says that the last one with records is on disk. */
    private void heartbeat() throws IOException {
        write(SegmentFile.RECORDS_AT, 0, writtenSequence + 1);
        long started = System.nanoTime();
        active.force();
        stats.force(System.nanoTime() - started);
    }

    private boolean waitForWork() {
        long end = System.nanoTime() + SPIN_NANOS;
        do {
            if (!buffer.isEmptyOnCommitThread() || closing) {
                return true;
            }
            Thread.onSpinWait();
        } while (System.nanoTime() - end < 0);
        parked = true;
        // Once more, after the flag is up: who publishes now sees it.
        VarHandle.fullFence();
        if (buffer.isEmptyOnCommitThread() && !closing && !state.hasFailed() && !isAsked() && !claimLoss.happened) {
            LockSupport.parkNanos(this, nanosUntilChore());
        }
        parked = false;
        return true;
    }

    private boolean isAsked() {
        long durable = state.durable.value();
        return (writtenSequence > durable && forceUpTo.get() > durable) || isRollAsked();
    }

    private long nanosUntilChore() {
        long now = nanoTime();
        long nanos = Threads.LONGEST_PARK_NANOS;
        if (intervalRuns) {
            nanos = Math.min(nanos, forceDue() - now);
        }
        if (owesHeartbeat()) {
            nanos = Math.min(nanos, heartbeatDue() - now);
        }
        if (ages()) {
            nanos = Math.min(nanos, ageDue() - now);
        }
        return Math.max(1, nanos);
    }

    /** The orderly end: all on disk, and said so. */
    private void finish() throws IOException {
        if (writtenSequence > state.durable.value()) {
            force();
        }
        if (owesHeartbeat()) {
            heartbeat();
        }
    }
}
