package io.veloz.wal.internal.commit;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.internal.recovery.SegmentFill;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The list of sealed segments, oldest first, and their deletion. The housekeeping thread adds segments; any thread that
 * cannot be interrupted may trim. A roll and a trim never wait for the I/O of each other: a segment is added after it has
 * its name, and is removed from the list before it is deleted.
 */
public final class SealedSegments {
    private final Storage storage;
    private final TrimMark.Writer mark;
    private final SegmentFill fill;
    private final CommitState state;

    /** One trim, or one segment that is filled in, at a time. */
    private final ReentrantLock trimming = new ReentrantLock();

    /** Segments below the trim mark that still have to be deleted. Guarded by {@link #trimming}. */
    private final ArrayDeque<SegmentReport> toDelete = new ArrayDeque<>();

    private volatile boolean ended;

    // Guarded by this. No I/O is done under the monitor.
    private final ArrayDeque<SegmentReport> segments;

    /** The sequence of the first record after the sealed segments, whether it exists yet or not. */
    private long nextSequence;

    public SealedSegments(
            Storage storage,
            TrimMark.Writer mark,
            SegmentFill fill,
            CommitState state,
            List<SegmentReport> segments,
            long nextSequence) {
        this.storage = storage;
        this.mark = mark;
        this.fill = fill;
        this.state = state;
        this.segments = new ArrayDeque<>(segments);
        this.nextSequence = nextSequence;
    }

    /** Adds a segment that is sealed and has its name, so that a trim may delete it. */
    synchronized void add(SegmentReport sealed) {
        segments.add(sealed);
        nextSequence = sealed.lastSequence() + 1;
    }

    /** Returns the oldest segment; null if there is none. */
    synchronized @Nullable SegmentReport oldest() {
        return segments.peekFirst();
    }

    /** Returns the sequence of the oldest record of the log; of the next record if the log is empty. */
    synchronized long firstSequence() {
        return segments.isEmpty() ? nextSequence : segments.getFirst().firstSequence();
    }

    /**
     * Deletes the oldest segments that contain no record after a sequence, and returns the deleted segments when that is
     * durable. Call it on a thread that cannot be interrupted.
     *
     * <p>Crash table: the trim mark is durable before the first delete. It states which segments may be missing, so a
     * segment that is missing for another reason is never taken for a trimmed one. A crash after the mark leaves some or all
     * of the segments below it. The next open deletes them, or the next trim if a delete has failed. A fill has ended before
     * the mark, so that it does not bring back what was trimmed.
     *
     * @throws IllegalStateException if the log is closed concurrently
     */
    List<SegmentReport> trim(long upToSequence, int keepSegments) throws IOException {
        trimming.lock();
        try {
            checkOpen();
            List<SegmentReport> oldest = oldestUpTo(upToSequence, keepSegments);
            if (!oldest.isEmpty()) {
                SegmentReport last = oldest.get(oldest.size() - 1);
                fill.end();
                mark.write(last.number() + 1, last.lastSequence() + 1);
                remove(oldest);
            }
            return deleteRemoved();
        } finally {
            trimming.unlock();
        }
    }

    /**
     * Puts the segment before the oldest one in front of the log: see {@link SegmentFill#add}. Call it on a thread that cannot be
     * interrupted.
     *
     * @return false if no fill is pending
     * @throws IllegalStateException if the log is closed concurrently
     */
    boolean fillIn(long number) throws IOException {
        trimming.lock();
        try {
            checkOpen();
            @Nullable SegmentReport added = fill.add(number);
            if (added != null) {
                addOldest(added);
            }
            return added != null;
        } finally {
            trimming.unlock();
        }
    }

    /** Ends a fill. Does nothing if none is pending. */
    void endFill() throws IOException {
        trimming.lock();
        try {
            checkOpen();
            fill.end();
        } finally {
            trimming.unlock();
        }
    }

    private synchronized void addOldest(SegmentReport added) {
        segments.addFirst(added);
    }

    private synchronized List<SegmentReport> oldestUpTo(long upToSequence, int keepSegments) {
        List<SegmentReport> oldest = new ArrayList<>();
        for (SegmentReport segment : segments) {
            if (segment.lastSequence() > upToSequence || segments.size() - oldest.size() <= keepSegments) {
                break;
            }
            oldest.add(segment);
        }
        return oldest;
    }

    private synchronized void remove(List<SegmentReport> oldest) {
        toDelete.addAll(oldest);
        oldest.forEach(unused -> segments.removeFirst());
    }

    private List<SegmentReport> deleteRemoved() throws IOException {
        List<SegmentReport> deleted = new ArrayList<>();
        while (!toDelete.isEmpty()) {
            checkOpen();
            SegmentReport segment = toDelete.getFirst();
            try {
                storage.delete(segment.file());
            } catch (NoSuchFileException e) {
                // Deleted by an operator or a tool, which the mark allows.
            }
            toDelete.removeFirst();
            deleted.add(segment);
        }
        if (!deleted.isEmpty()) {
            storage.forceDirectory();
        }
        return deleted;
    }

    /** A failed log must not change any more, and a closed one may have been opened by another process. */
    void checkOpen() {
        state.throwIfFailed();
        if (ended) {
            throw new IllegalStateException("the log is closed");
        }
    }

    /** Refuses further trims, and ends a running one after its current file. Returns whether it ended in time. */
    boolean endTrimming(long timeoutNanos) {
        ended = true;
        long deadline = System.nanoTime() + timeoutNanos;
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    if (!trimming.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                        return false;
                    }
                    trimming.unlock();
                    return true;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
