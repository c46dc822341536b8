package io.veloz.wal.internal.commit;

import io.veloz.wal.Durability;
import io.veloz.wal.WalListener;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.stats.CommitStats;
import io.veloz.wal.internal.stats.CommitTrace;
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
 * The commit thread: the only thread that writes the active segment. It takes all published records, writes them as one
 * batch with one call, forces (fsync) the file, and then releases the waiters. Records that arrive meanwhile form the next
 * batch. So there is no timer, and batches grow with the load.
 *
 * <p>Under {@link Durability#LOSE_NOTHING} a batch is written only after the force of the previous one has returned. A
 * batch never spans two segments. So only the last batch of a log can be torn, and it was never acknowledged.
 *
 * <p>Crash table of a commit:
 *
 * <pre>
 *   before or during the write     nothing, or a torn batch, which recovery cuts off
 *   between write and force        the batch is complete or torn; it was not acknowledged, and is kept if complete
 *   after the force                the batch is complete; the acknowledgement comes last
 * </pre>
 */
public final class CommitThread implements Runnable {
    private static final long SPIN_NANOS = Threads.MAY_SPIN ? 30_000 : 0;
    private static final long DISK_FULL_RETRY_NANOS = 100_000_000;

    private final AppendBuffer buffer;
    private final CommitState state;
    private final CommitStats stats;
    private final Notifier notifier;
    private final Handover handover;
    private final CommitTrace trace;
    private final Settings settings;
    private final Thread thread;
    private final ByteBuffer batch;

    /** Not a literal at its use, see {@link CommitState#fail}. */
    private final String failure;

    private final AppendBuffer.Taken taken = new AppendBuffer.Taken();

    /** Everything up to this sequence must be forced, whatever its durability. Raised by any thread. */
    private final AtomicLong forceUpTo = new AtomicLong();

    /** Everything up to this sequence must be in sealed segments. Raised by any thread. */
    private final AtomicLong rollAt = new AtomicLong();

    private volatile boolean parked;
    private volatile boolean closing;

    // Used by the commit thread only.
    private SegmentFile active;

    /** When the first record of the active segment was written. Meaningful only if the segment has a record. */
    private long activeSinceNanos;

    private long writtenSequence;
    private long rolledSequence;

    /** The highest durable sequence that is stated in a written batch. */
    private long promisedSequence;

    /** When the oldest record that waits for the force interval was written. Meaningful while {@link #intervalRuns}. */
    private long unforcedSinceNanos;

    private boolean intervalRuns;
    private long idleSinceNanos;

    /** Settings of the commit thread. */
    public record Settings(
            long forceIntervalNanos,
            long heartbeatNanos,
            long segmentMaxAgeNanos,
            LongSupplier intervalClockNanos,
            LongSupplier wallClockNanos) {}

    /** Creates the thread, which takes over the active segment and closes it when it ends. */
    public CommitThread(
            AppendBuffer buffer,
            CommitState state,
            CommitStats stats,
            Notifier notifier,
            Handover handover,
            CommitTrace trace,
            Settings settings,
            int maxBatchBytes,
            SegmentFile active,
            String threadName) {
        this.buffer = buffer;
        this.state = state;
        this.stats = stats;
        this.notifier = notifier;
        this.handover = handover;
        this.trace = trace;
        this.settings = settings;
        this.failure = "commit failed";
        this.batch = DirectBuffers.acquire(maxBatchBytes);
        this.active = active;
        this.writtenSequence = state.durable.value();
        this.rolledSequence = writtenSequence;
        this.promisedSequence = writtenSequence;
        this.thread = new UninterruptibleThread(this, threadName);
        publishRoom();
    }

    void start(Consumer<Thread> starter) {
        starter.accept(thread);
    }

    // ---- any thread

    /** Wakes the thread. Call it after a publish. */
    public void wake() {
        // The publish before the fence and the load after it must not be reordered, or a wake-up is lost.
        VarHandle.fullFence();
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    /** Wakes the thread after a failure, from any wait. */
    public void wakeAlways() {
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

    /** Makes the thread commit all claimed records and end. Returns at once. */
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
                // Each step is a commit, due work, or a wait.
            }
            if (!state.hasFailed()) {
                finish();
            }
        } catch (Throwable t) {
            // Includes an OutOfMemoryError: after a skipped step nothing more may be acknowledged.
            state.fail(failure, t);
        } finally {
            closeActive();
        }
    }

    private void closeActive() {
        try {
            active.close();
        } catch (Throwable t) {
            // Everything acknowledged has been forced, so a failed close loses nothing.
            notifier.closeFailed("close of the active segment", t);
        }
    }

    /** Returns the memory to the pool for the next log. Call it after the thread has ended. */
    void release() {
        DirectBuffers.release(batch);
    }

    private boolean step() throws IOException {
        if (state.hasFailed()) {
            return false;
        }
        buffer.takeOnCommitThread(taken, batch, SegmentFile.RECORDS_AT);
        if (taken.records > 0) {
            commit();
            // Also under load, where there is no idle moment.
            runDueWork();
            return true;
        }
        if (closing && buffer.isDrainedOnCommitThread()) {
            return false;
        }
        if (buffer.claimLost) {
            throw new IOException(
                    "an append of record " + taken.firstSequence + " or a later one failed after its claim");
        }
        return runDueWork() || waitForWork();
    }

    private void commit() throws IOException {
        long now = nanoTime();
        long last = taken.firstSequence + taken.records - 1;
        trace.begin(now, taken.firstSequence, taken.full ? buffer.lastClaimedSequence() : last);
        boolean tooOld = isAgeLimited() && now - ageDue() >= 0;
        if ((tooOld || !active.hasRoomFor(taken.end - SegmentFile.RECORDS_AT)) && !roll(true)) {
            throw new IOException("closed while the disk was full and the next segment could not be created");
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
        trace.end(idleSinceNanos);
    }

    private void write(int end, int records, long first) throws IOException {
        long durable = state.durable.value();
        long before = active.position();
        while (true) {
            try {
                active.write(batch, end, records, first, durable, settings.wallClockNanos.getAsLong(), 0);
                break;
            } catch (StorageFullException e) {
                // The blocks of the segment are allocated, so this needs copy-on-write storage or a quota.
                // Nothing of the batch counts yet: the retry writes the same bytes to the same position.
                if (!waitForSpace(e, records > 0)) {
                    // No caller waits for a heartbeat. The log ends as after a crash, with everything acknowledged.
                    return;
                }
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
        publishRoom();
        buffer.writtenOnCommitThread();
        stats.batch(records, active.position() - before);
    }

    /** Waits before a retry; false if the log is closing and the batch is not needed. */
    private boolean waitForSpace(StorageFullException cause, boolean needed) throws IOException {
        if (closing) {
            if (!needed) {
                return false;
            }
            throw new IOException("closed while the disk was full and appended records could not be written", cause);
        }
        if (state.writeBlocked == null) {
            String reason = String.valueOf(cause.getMessage());
            state.writeBlocked = reason;
            notifier.event(listener -> listener.onDiskFull(reason));
        }
        LockSupport.parkNanos(this, DISK_FULL_RETRY_NANOS);
        state.throwIfFailed();
        return true;
    }

    private void force() throws IOException {
        long forced = writtenSequence;
        forceActive();
        intervalRuns = false;
        if (state.acknowledge(forced)) {
            notifier.signal();
        }
    }

    private void forceActive() throws IOException {
        long started = nanoTime();
        trace.beginForce(started);
        active.force();
        long ended = nanoTime();
        trace.endForce(ended);
        stats.force(ended - started);
        // Before the waiters are released: the records that they append next did not wait for this force.
        noteIfEmpty(ended);
    }

    private void noteIfEmpty(long now) {
        if (buffer.isEmptyOnCommitThread()) {
            trace.empty(now, writtenSequence);
        }
    }

    private void publishRoom() {
        state.activeBytes = active.segment().segmentBytes();
        state.activeRoomBytes = active.room();
    }

    /**
     * Makes the next segment the active one; false if the log is closing and there is no next segment.
     *
     * @param needed whether records wait for the next segment
     */
    private boolean roll(boolean needed) throws IOException {
        if (writtenSequence > state.durable.value()) {
            // A barrier: everything in this segment is durable before a batch is written to the next one.
            force();
        }
        Predecessor predecessor = active.asPredecessor();
        trace.beginRoll(nanoTime());
        Handover.@Nullable Prepared next = handover.rollOnCommitThread(active, needed);
        if (next == null) {
            state.throwIfFailed();
            trace.abandonRoll(nanoTime());
            return false;
        }
        // First: it owns the file from now on, whatever fails next.
        active = begin(next, predecessor);
        trace.endRoll(nanoTime(), active.segment().number());
        rolledSequence = writtenSequence;
        publishRoom();
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

    /** Forces, rolls or writes a heartbeat if one of them is due; false if none is. */
    private boolean runDueWork() throws IOException {
        long now = nanoTime();
        noteIfEmpty(now);
        trace.beginWithoutRecords(now, writtenSequence + 1);
        boolean done = runDueWork(now);
        if (done) {
            trace.end(nanoTime());
        }
        return done;
    }

    private boolean runDueWork(long now) throws IOException {
        long durable = state.durable.value();
        if (writtenSequence > durable && (forceUpTo.get() > durable || (intervalRuns && now - forceDue() >= 0))) {
            force();
            return true;
        }
        if (isRollRequested() || (isAgeLimited() && now - ageDue() >= 0)) {
            // Written at once, so that the new segment states how the old one ended.
            if (roll(true)) {
                heartbeat();
            }
            return true;
        }
        if (needsHeartbeat() && now - heartbeatDue() >= 0) {
            heartbeat();
            return true;
        }
        return false;
    }

    /** Returns whether records are durable and no batch after them states it. */
    private boolean needsHeartbeat() {
        return promisedSequence < state.durable.value() && writtenSequence == state.durable.value();
    }

    /** Returns whether the age limit applies: commits do not wait for the next segment because of the age alone. */
    private boolean isAgeLimited() {
        return settings.segmentMaxAgeNanos > 0 && !active.content().isEmpty() && handover.isPrepared();
    }

    private boolean isRollRequested() {
        long requested = rollAt.get();
        // Not before all requested records are written, or the last of them would need a second roll.
        return requested > rolledSequence && writtenSequence >= requested && handover.isPrepared();
    }

    /** Returns the time of the clock for intervals. */
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

    /** Writes a batch without records, which states that everything before it is durable. */
    private void heartbeat() throws IOException {
        write(SegmentFile.RECORDS_AT, 0, writtenSequence + 1);
        forceActive();
    }

    private boolean waitForWork() {
        trace.waits();
        long end = System.nanoTime() + SPIN_NANOS;
        do {
            if (!buffer.isEmptyOnCommitThread() || closing) {
                return true;
            }
            Thread.onSpinWait();
        } while (System.nanoTime() - end < 0);
        parked = true;
        // Checked again after the flag is set: a thread that publishes from now on sees the flag.
        VarHandle.fullFence();
        if (buffer.isEmptyOnCommitThread() && !closing && !state.hasFailed() && !isRequested() && !buffer.claimLost) {
            LockSupport.parkNanos(this, nanosUntilDue());
        }
        parked = false;
        return true;
    }

    private boolean isRequested() {
        long durable = state.durable.value();
        return (writtenSequence > durable && forceUpTo.get() > durable) || isRollRequested();
    }

    private long nanosUntilDue() {
        long now = nanoTime();
        long nanos = Threads.LONGEST_PARK_NANOS;
        if (intervalRuns) {
            nanos = Math.min(nanos, forceDue() - now);
        }
        if (needsHeartbeat()) {
            nanos = Math.min(nanos, heartbeatDue() - now);
        }
        if (isAgeLimited()) {
            nanos = Math.min(nanos, ageDue() - now);
        }
        return Math.max(1, nanos);
    }

    /**
     * Ends the log in order: everything is durable, and the last batch states it.
     *
     * <p>A segment with records is left to be sealed, as in any roll, so that the next open need not read and copy it.
     * Without a next segment, because the disk is full or fails, it stays as after a crash.
     */
    private void finish() throws IOException {
        trace.beginWithoutRecords(nanoTime(), writtenSequence + 1);
        if (writtenSequence > state.durable.value()) {
            force();
        }
        boolean rolled = !active.content().isEmpty() && roll(false);
        if (rolled || needsHeartbeat()) {
            heartbeat();
        }
        trace.end(nanoTime());
    }
}
