package io.veloz.wal.internal.commit;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.segment.SegmentSealer;
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
 * The segments that are complete, oldest first, and the chain of their footers. The housekeeping thread adds to them, and
 * any thread that cannot be interrupted trims them. The two never wait for each other's I/O: a segment is added when it has
 * its name, and is taken out before it is deleted.
 */
final class SealedSegments {
    private final Storage storage;
    private final SegmentNames names;
    private final CommitState state;

    /** One trim at a time. */
    private final ReentrantLock trimming = new ReentrantLock();

    /** Below the mark, and still to be deleted. Guarded by {@link #trimming}. */
    private final ArrayDeque<SegmentReport> doomed = new ArrayDeque<>();

    private volatile boolean ended;

    /** Of the housekeeping thread alone. */
    private Sha256 lastFooter;

    // Guarded by this; there is no I/O under it.
    private final ArrayDeque<SegmentReport> segments;

    /** Of the first record after them, if there is one yet. */
    private long nextSequence;

    SealedSegments(
            Storage storage,
            SegmentNames names,
            CommitState state,
            List<SegmentReport> segments,
            Sha256 lastFooter,
            long nextSequence) {
        this.state = state;
        this.nextSequence = nextSequence;
        this.storage = storage;
        this.names = names;
        this.segments = new ArrayDeque<>(segments);
        this.lastFooter = lastFooter;
    }

    /** Seals a segment on disk. Its name is for later. */
    SegmentReport seal(SegmentFile segment) throws IOException {
        Footer footer = SegmentSealer.seal(segment, lastFooter);
        lastFooter = Sha256.of(footer.encode());
        return SegmentReport.builder(names.sealed(footer.number()), footer.number(), SegmentReport.Verdict.SEALED)
                .records(footer.firstSequence(), footer.lastSequence(), footer.recordCount())
                .timestampNanos(footer.minTimestampNanos(), footer.maxTimestampNanos())
                .bytes(footer.dataEnd(), footer.dataEnd() + footer.encode().remaining())
                .build();
    }

    /** Takes in a segment that has been sealed and has its name, so that a trim may delete it. */
    synchronized void add(SegmentReport sealed) {
        segments.add(sealed);
        nextSequence = sealed.lastSequence() + 1;
    }

    /** Null if there is none. */
    synchronized @Nullable SegmentReport oldest() {
        return segments.peekFirst();
    }

    /** Of the oldest record in the log, here or in the active segment; of the next one if there is none. */
    synchronized long firstSequence() {
        return segments.isEmpty() ? nextSequence : segments.getFirst().firstSequence();
    }

    /**
     * Deletes the oldest segments that hold nothing beyond a sequence. On a thread that cannot be interrupted.
     *
     * <p>Crash table. The mark goes first: it says which segments may be missing, so that a missing one is never taken for
     * a trimmed one. A cut after the mark leaves segments below it, all or some; the next open deletes them, or the next
     * trim if a delete has failed.
     *
     * @return what was deleted
     * @throws IllegalStateException if the log is closed meanwhile
     */
    List<SegmentReport> trim(long upToSequence, int keepSegments, TrimMark.Writer mark) throws IOException {
        trimming.lock();
        try {
            checkOpen();
            List<SegmentReport> going = oldestUpTo(upToSequence, keepSegments);
            if (!going.isEmpty()) {
                SegmentReport last = going.get(going.size() - 1);
                mark.write(last.number() + 1, last.lastSequence() + 1);
                doom(going);
            }
            return deleteDoomed();
        } finally {
            trimming.unlock();
        }
    }

    private synchronized List<SegmentReport> oldestUpTo(long upToSequence, int keepSegments) {
        List<SegmentReport> going = new ArrayList<>();
        for (SegmentReport segment : segments) {
            if (segment.lastSequence() > upToSequence || segments.size() - going.size() <= keepSegments) {
                break;
            }
            going.add(segment);
        }
        return going;
    }

    private synchronized void doom(List<SegmentReport> going) {
        doomed.addAll(going);
        going.forEach(unused -> segments.removeFirst());
    }

    private List<SegmentReport> deleteDoomed() throws IOException {
        List<SegmentReport> deleted = new ArrayList<>();
        while (!doomed.isEmpty()) {
            checkOpen();
            SegmentReport segment = doomed.getFirst();
            try {
                storage.delete(segment.file());
            } catch (NoSuchFileException e) {
                // Someone else has deleted it, which the mark allows.
            }
            doomed.removeFirst();
            deleted.add(segment);
        }
        if (!deleted.isEmpty()) {
            storage.forceDirectory();
        }
        return deleted;
    }

    /** On a failed log nothing is changed any more, and on a closed one it may have another owner. */
    private void checkOpen() {
        state.throwIfFailed();
        if (ended) {
            throw new IllegalStateException("the log is closed");
        }
    }

    /** Has a trim that runs end after its current file, and no other begin. Returns whether it has ended in time. */
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
