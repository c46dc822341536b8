package io.veloz.wal.internal.commit;

import io.veloz.wal.WalListener;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.segment.SegmentMaker;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Everything about files that nobody should wait for: it makes the next segment ahead of its use, and seals and names
 * the last one after the roll. So a roll costs the commit thread no I/O.
 *
 * <p>It and the commit thread meet in {@link #lock} alone, once a segment.
 *
 * <p>Crash table of the roll, from segment n to n+1; what a cut after each step leaves, and what the next open does:
 *
 * <pre>
 *   n+1 written to, under the prepared name     n is current and unsealed: seal, rename both
 *   footer of n written, in part or whole       the data of n is proven by the first batch of n+1: seal again
 *   n renamed to its number, directory forced   no current: the prepared one is renamed
 *   n+1 renamed to current, directory forced    done
 * </pre>
 *
 * The directory is forced between the two renames: names may reach the disk in any order, and if only the second one
 * did, the current name would be taken from n before it has another.
 */
final class Housekeeper implements Runnable {
    private static final long FIRST_RETRY_NANOS = 50_000_000;
    private static final long LAST_RETRY_NANOS = 1_000_000_000;

    /** So often in a row the next segment may fail to be made, for another reason than room, while commits wait for it. */
    private static final int FATAL_ATTEMPTS = 10;

    private final Storage storage;
    private final SegmentNames names;
    private final SealedSegments sealedSegments;
    private final Settings settings;
    private final CommitState state;
    private final CommitStats stats;
    private final Notifier notifier;
    private final Thread thread;
    private final SecureRandom random = new SecureRandom();

    /** Guards everything below. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private final ArrayDeque<FutureTask<?>> tasks = new ArrayDeque<>();
    private @Nullable SegmentFile toSeal;
    private @Nullable Prepared prepared;
    private long nextNumber;
    private boolean commitsWait;
    private boolean closing;
    private boolean stopping;
    private boolean ended;

    record Settings(LogId logId, long segmentBytes, int maxBatchBytes, LongSupplier wallClockNanos) {}

    record Prepared(StorageFile file, SegmentHeader header) {}

    Housekeeper(
            Storage storage,
            SegmentNames names,
            SealedSegments sealedSegments,
            Settings settings,
            long nextNumber,
            CommitState state,
            CommitStats stats,
            Notifier notifier,
            String threadName) {
        this.storage = storage;
        this.names = names;
        this.sealedSegments = sealedSegments;
        this.settings = settings;
        this.nextNumber = nextNumber;
        this.state = state;
        this.stats = stats;
        this.notifier = notifier;
        this.thread = new UninterruptibleThread(this, threadName);
    }

    void start() {
        thread.start();
    }

    // ---- the commit thread

    /**
     * Exchanges the active segment, which will not be written any more, for the next one, which is made and on disk; waits
     * for that if need be.
     *
     * <p>One step under the lock: were the next one taken first, another could be made under its name before the old one
     * is here to be sealed.
     *
     * @return null if the log has failed, or is closing and there will be none
     */
    @Nullable
    Prepared rollOnCommitThread(SegmentFile active) {
        lock.lock();
        try {
            awaitPrepared();
            Prepared next = state.hasFailed() ? null : prepared;
            if (next != null) {
                prepared = null;
                toSeal = active;
                changed.signalAll();
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    private void awaitPrepared() {
        if (prepared != null) {
            return;
        }
        commitsWait = true;
        changed.signalAll();
        long started = System.nanoTime();
        while (prepared == null && !stopping && !state.hasFailed() && !(closing && state.diskFull != null)) {
            changed.awaitUninterruptibly();
        }
        commitsWait = false;
        long waited = System.nanoTime() - started;
        stats.stall(waited);
        notifier.event(listener -> listener.onStalled(Duration.ofNanos(waited)));
    }

    // ---- any thread

    /** Runs a task between the others. */
    void execute(FutureTask<?> task) {
        lock.lock();
        try {
            if (ended) {
                // Nobody would ever run it.
                state.throwIfFailed();
            }
            if (stopping || ended) {
                throw new IllegalStateException("the log is closed");
            }
            tasks.add(task);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** From now on nobody waits for a segment that a full disk does not let be made. */
    void closing() {
        lock.lock();
        try {
            closing = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Seals what is to be sealed, then ends. Does not wait. */
    void stop() {
        lock.lock();
        try {
            stopping = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean join(long timeoutNanos) {
        return Threads.join(thread, timeoutNanos);
    }

    /** Wakes whoever waits here. */
    void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---- the housekeeping thread

    @Override
    public void run() {
        try {
            while (step()) {
                // Each step is one piece of work.
            }
        } catch (Throwable t) {
            state.fail("housekeeping failed: " + t, t);
        } finally {
            end();
            runTasks();
            closeFiles();
        }
    }

    private void end() {
        lock.lock();
        try {
            ended = true;
        } finally {
            lock.unlock();
        }
    }

    private boolean step() throws IOException {
        SegmentFile sealing;
        boolean prepare;
        lock.lock();
        try {
            while (toSeal == null && tasks.isEmpty() && prepared != null && !stopping && !state.hasFailed()) {
                changed.awaitUninterruptibly();
            }
            sealing = toSeal;
            prepare = prepared == null;
            if (state.hasFailed() || (stopping && sealing == null)) {
                return false;
            }
        } finally {
            lock.unlock();
        }
        if (sealing != null) {
            seal(sealing);
        } else if (!runTasks() && prepare) {
            prepareNext();
        }
        return true;
    }

    private boolean runTasks() {
        boolean any = false;
        while (true) {
            FutureTask<?> task;
            lock.lock();
            try {
                task = tasks.poll();
            } finally {
                lock.unlock();
            }
            if (task == null) {
                return any;
            }
            task.run();
            any = true;
        }
    }

    private void seal(SegmentFile segment) throws IOException {
        var report = sealedSegments.seal(segment);
        segment.close();
        storage.rename(names.current(), names.sealed(segment.segment().number()));
        storage.forceDirectory();
        storage.rename(names.prepared(), names.current());
        storage.forceDirectory();
        stats.roll();
        lock.lock();
        try {
            toSeal = null;
        } finally {
            lock.unlock();
        }
        notifier.event(listener -> listener.onRolled(report));
        state.sealed.open(segment.content().lastSequence());
    }

    private void prepareNext() throws IOException {
        SegmentHeader header = new SegmentHeader(
                settings.logId(),
                nextNumber,
                random.nextLong(),
                settings.segmentBytes(),
                settings.maxBatchBytes(),
                settings.wallClockNanos().getAsLong());
        StorageFile file = fillUntilItSucceeds(header);
        if (file == null) {
            return;
        }
        boolean taken = false;
        try {
            if (storage.list().contains(names.prepared())) {
                throw new IllegalStateException(names.prepared() + " is in use; expected it to have been renamed");
            }
            SegmentMaker.publish(storage, names);
            handOver(new Prepared(file, header));
            taken = true;
        } finally {
            if (!taken) {
                file.close();
            }
        }
    }

    private void handOver(Prepared next) {
        lock.lock();
        try {
            prepared = next;
            nextNumber++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Null if the log is stopping, or a segment waits to be sealed: that goes first. */
    private @Nullable StorageFile fillUntilItSucceeds(SegmentHeader header) throws IOException {
        long retryNanos = FIRST_RETRY_NANOS;
        for (int attempt = 1; ; attempt++) {
            try {
                StorageFile file = SegmentMaker.fill(storage, names, header, this::yieldToCommits);
                endDiskFull();
                return file;
            } catch (StoppedException e) {
                return null;
            } catch (StorageFullException e) {
                beginDiskFull(String.valueOf(e.getMessage()));
                attempt = 0;
            } catch (IOException e) {
                notifier.event(listener -> listener.onPrepareFailed(e.toString()));
                if (attempt >= FATAL_ATTEMPTS && commitsWait()) {
                    throw e;
                }
            }
            if (!pauseBeforeRetry(retryNanos)) {
                return null;
            }
            retryNanos = Math.min(LAST_RETRY_NANOS, retryNanos * 2);
        }
    }

    private void beginDiskFull(String reason) {
        if (state.diskFull == null) {
            state.diskFull = reason;
            notifier.event(listener -> listener.onDiskFull(reason));
            wake();
        }
    }

    private void endDiskFull() {
        if (state.diskFull != null) {
            state.diskFull = null;
            notifier.event(WalListener::onDiskFullEnded);
        }
    }

    /** Between the chunks of a segment that is made: leaves the disk to the commit thread for as long as a chunk took. */
    private void yieldToCommits(long chunkNanos) throws StoppedException {
        lock.lock();
        try {
            if (stopping || state.hasFailed()) {
                throw new StoppedException();
            }
            if (commitsWait) {
                return;
            }
        } finally {
            lock.unlock();
        }
        LockSupport.parkNanos(this, Math.min(chunkNanos, 10_000_000));
    }

    private boolean pauseBeforeRetry(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (left > 0 && !stopping && !state.hasFailed() && tasks.isEmpty()) {
                try {
                    left = changed.awaitNanos(left);
                } catch (InterruptedException e) {
                    throw new AssertionError("this thread cannot be interrupted", e);
                }
            }
            return !stopping && !state.hasFailed() && tasks.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private boolean commitsWait() {
        lock.lock();
        try {
            return commitsWait;
        } finally {
            lock.unlock();
        }
    }

    /** What is still open when the thread ends: the next segment, and after a failure also the last. */
    private void closeFiles() {
        try {
            if (prepared != null) {
                prepared.file().close();
            }
            if (toSeal != null) {
                toSeal.close();
            }
        } catch (IOException e) {
            // Nothing in them waits for a force: the one is blank, the other was forced before the roll.
            notifier.event(listener -> listener.onPrepareFailed("close of a segment: " + e));
        }
    }

    /** The log is closing, and the segment that is being made will not be needed. */
    private static final class StoppedException extends IOException {
        StoppedException() {
            super("the log is closing");
        }
    }
}
