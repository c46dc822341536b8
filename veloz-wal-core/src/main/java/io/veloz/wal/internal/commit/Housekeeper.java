package io.veloz.wal.internal.commit;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.internal.commit.Handover.Prepared;
import io.veloz.wal.internal.commit.Handover.StoppedException;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The thread for everything about files that nobody should wait for: it makes the next segment ahead of its use, and seals
 * and names the last one after the roll. So a roll costs the commit thread no I/O.
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
    /** So often the lock is looked at when there is nothing else to do. */
    private static final long LOOK_NANOS = 1_000_000_000;

    private final Storage storage;
    private final SegmentNames names;
    private final SealedSegments sealedSegments;
    private final Preparation preparation;
    private final FullDisk fullDisk;
    private final Handover handover;
    private final LockWatch lockWatch;
    private final CommitState state;
    private final CommitStats stats;
    private final Notifier notifier;
    private final Thread thread;

    /** Of this thread. Not a literal where it is used, see {@link CommitState#fail}. */
    private final String failure;

    Housekeeper(
            Storage storage,
            SegmentNames names,
            SealedSegments sealedSegments,
            Preparation preparation,
            FullDisk fullDisk,
            Handover handover,
            LockWatch lockWatch,
            CommitState state,
            CommitStats stats,
            Notifier notifier,
            String threadName) {
        this.storage = storage;
        this.names = names;
        this.sealedSegments = sealedSegments;
        this.preparation = preparation;
        this.fullDisk = fullDisk;
        this.handover = handover;
        this.lockWatch = lockWatch;
        this.state = state;
        this.stats = stats;
        this.notifier = notifier;
        this.failure = "housekeeping failed";
        this.thread = new UninterruptibleThread(this, threadName);
    }

    void start(Consumer<Thread> starter) {
        starter.accept(thread);
    }

    boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    /** After {@link Handover#stop}. */
    boolean join(long timeoutNanos) {
        return Threads.join(thread, timeoutNanos);
    }

    @Override
    public void run() {
        try {
            while (step()) {
                // Each step is one piece of work.
            }
        } catch (Throwable t) {
            state.fail(failure, t);
        } finally {
            end();
        }
    }

    private boolean step() throws IOException {
        Handover.Work work = handover.awaitWork(LOOK_NANOS);
        // Before each piece of work: a second owner may have other files under the names that are about to change.
        lockWatch.look();
        if (work.end() || state.hasFailed()) {
            return false;
        }
        if (work.toSeal() != null) {
            return seal(work.toSeal());
        }
        if (work.prepare()) {
            @Nullable Prepared next = preparation.next();
            if (next != null) {
                handover.offer(next);
            }
        }
        return true;
    }

    /** False if the log is stopping and there is no room to seal: the next open does it, as after a crash. */
    private boolean seal(SegmentFile segment) throws IOException {
        SegmentReport report;
        try {
            report = fullDisk.whenThereIsRoom(() -> sealedSegments.seal(segment));
            segment.close();
            String sealed = names.sealed(segment.segment().number());
            fullDisk.whenThereIsRoom(() -> rename(names.current(), sealed));
            storage.forceDirectory();
            fullDisk.whenThereIsRoom(() -> rename(names.prepared(), names.current()));
            storage.forceDirectory();
            sealedSegments.add(report);
        } catch (StoppedException e) {
            return false;
        }
        stats.roll();
        handover.sealed();
        notifier.event(listener -> listener.onRolled(report));
        state.sealed.open(segment.content().lastSequence());
        return true;
    }

    private boolean rename(String from, String to) throws IOException {
        storage.rename(from, to);
        return true;
    }

    private void end() {
        state.endSealing();
        try {
            handover.closeFiles();
        } catch (Throwable t) {
            // Nothing in them waits for a force: the one is blank, the other was forced before the roll.
            notifier.closeFailed("close of a segment", t);
        }
    }
}
