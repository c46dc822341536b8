package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * Drops tails whose segment was committed longer than the grace ago. Which slots are tails it knows from those who put or
 * read them; it never looks at a directory to decide. It belongs to one thread.
 */
final class CleanUp {
    private static final int MOST_AT_ONCE = 1000;

    private final ObjectStore store;
    private final long graceNanos;
    private final Deque<Run> runs = new ArrayDeque<>();
    private long committedUpTo;

    /** Tails that follow each other, and the last segment that any of them is of. */
    private static final class Run {
        long first;
        final long last;
        final long segment;
        long committedAt;
        boolean committed;

        Run(long first, long last, long segment) {
            this.first = first;
            this.last = last;
            this.segment = segment;
        }
    }

    CleanUp(ObjectStore store, long graceNanos) {
        this.store = store;
        this.graceNanos = graceNanos;
    }

    /** Slots from one number to another are tails of that segment or earlier ones. */
    void tails(long first, long last, long segment) {
        Run before = runs.peekLast();
        if (before != null && before.last + 1 == first && before.segment == segment && !before.committed) {
            runs.removeLast();
            runs.addLast(new Run(before.first, last, segment));
        } else {
            runs.addLast(new Run(first, last, segment));
        }
    }

    /** The same, of tails that lie before all others: the oldest go first. */
    void earlierTails(long first, long last, long segment, long nowNanos) {
        Run run = new Run(first, last, segment);
        runs.addFirst(run);
        run.committed = segment <= committedUpTo;
        run.committedAt = nowNanos;
    }

    /** Everything up to that segment is there as a whole. */
    void committed(long segment, long nowNanos) {
        committedUpTo = segment;
        for (Run run : runs) {
            if (!run.committed && run.segment <= segment) {
                run.committed = true;
                run.committedAt = nowNanos;
            }
        }
    }

    /** Tails of segments that will never be there as a whole are all there is of those: they are never dropped. */
    void keepUncommitted() {
        runs.removeIf(run -> !run.committed);
    }

    /** Drops what is due, some of it; returns whether it did. A failure may be followed by another try: to drop twice is harmless. */
    boolean drop(long nowNanos) throws StoreException {
        for (Iterator<Run> each = runs.iterator(); each.hasNext(); ) {
            Run run = each.next();
            if (run.committed && nowNanos - run.committedAt >= graceNanos) {
                long end = Math.min(run.last, run.first + MOST_AT_ONCE - 1);
                List<String> keys = new ArrayList<>();
                for (long number = run.first; number <= end; number++) {
                    keys.add(ArchiveKeys.slot(number));
                }
                store.delete(keys);
                run.first = end + 1;
                if (run.first > run.last) {
                    each.remove();
                }
                return true;
            }
        }
        return false;
    }
}
