package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Deletes tails whose segment was committed longer than the grace period ago. First finds the tails of earlier writers: all
 * slots between two kept slots are tails or BEATs. A BEAT is not needed any more when another one follows it directly; else
 * it is deleted with the tails, as a later tail may name it, and never before a GAP, whose slot before is read. Each {@link #step} makes one request, and shipping does not wait for it. An
 * instance is confined to one thread.
 */
final class TailCleanUp {
    private static final int MAX_KEYS = 1000;

    private final ShipLog shipLog;
    private final long graceNanos;
    private final Deque<Run> runs = new ArrayDeque<>();
    private long committedUpTo;

    /** The position of the search for the tails of earlier writers; null before it starts. */
    private @Nullable Slot searchedFrom;

    /** The last BEAT of this writer, if it is the tip. */
    private @Nullable Slot beat;

    private boolean isListed;
    private boolean isSearched;

    /** Consecutive tails, and the last segment that any of them belongs to. */
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

    TailCleanUp(ShipLog shipLog, long graceNanos) {
        this.shipLog = shipLog;
        this.graceNanos = graceNanos;
    }

    /** Starts the search for the tails of earlier writers at the tip, without a request. */
    void resume(Tip tip) {
        searchAt(Objects.requireNonNull(tip.slot()));
    }

    /** A slot of this writer is a tail of that segment. */
    void tail(long slot, long segment) {
        Run before = runs.peekLast();
        if (before != null && before.last + 1 == slot && before.segment == segment && !before.committed) {
            runs.removeLast();
            runs.addLast(new Run(before.first, slot, segment));
        } else {
            runs.addLast(new Run(slot, slot, segment));
        }
    }

    /** A slot of this writer is the tip, which may be a BEAT. */
    void endOfBeats(Slot slot, long nowNanos) {
        Slot before = beat;
        boolean isBeat = slot.part() instanceof Beat;
        beat = isBeat ? slot : null;
        if (before == null || slot.part() instanceof Gap) {
            return;
        }
        Run run = new Run(before.number(), before.number(), before.archived().segment());
        run.committed = isBeat || run.segment <= committedUpTo;
        run.committedAt = nowNanos;
        runs.addLast(run);
    }

    /** All segments up to that one are committed. */
    void committed(long segment, long nowNanos) {
        committedUpTo = segment;
        for (Run run : runs) {
            if (!run.committed && run.segment <= segment) {
                run.committed = true;
                run.committedAt = nowNanos;
            }
        }
    }

    /**
     * A gap was declared. Segments of tails before it may never be uploaded, so those tails are the only copy and are never
     * deleted. The same holds for tails that have not been found yet.
     */
    void keepUncommitted() {
        runs.removeIf(run -> !run.committed);
        isSearched = true;
    }

    /**
     * Makes one request, if one is due.
     *
     * @return whether it made a request
     * @throws IOException if it failed; a later call repeats it, as deleting twice is harmless
     */
    boolean step(long nowNanos) throws IOException {
        if (searchedFrom != null && !isSearched) {
            search(searchedFrom, nowNanos);
            return true;
        }
        return delete(nowNanos);
    }

    private void search(Slot at, long nowNanos) throws IOException {
        long after = at.kept().number();
        if (isListed || at.number() - after <= 1) {
            Slot kept = History.kept(shipLog, at);
            isListed = false;
            searchAt(kept);
            return;
        }
        List<Long> page = shipLog.page(after);
        if (page.isEmpty() || page.get(0) >= at.number()) {
            // Tails are deleted in ascending order, so all before these have been deleted.
            isSearched = true;
        } else {
            addEarlier(page.get(0), at.number() - 1, at.archived().segment(), nowNanos);
            isListed = true;
        }
    }

    private void searchAt(Slot slot) {
        searchedFrom = slot;
        // Tails before a gap may be the only copy. It is not worth a search to find out which are.
        isSearched |= slot.part() instanceof Gap || slot.kept().number() == 0;
    }

    /** Adds tails that precede all others. */
    private void addEarlier(long first, long last, long segment, long nowNanos) {
        Run run = new Run(first, last, segment);
        runs.addFirst(run);
        run.committed = segment <= committedUpTo;
        run.committedAt = nowNanos;
    }

    private boolean delete(long nowNanos) throws IOException {
        for (Iterator<Run> each = runs.iterator(); each.hasNext(); ) {
            Run run = each.next();
            if (run.committed && nowNanos - run.committedAt >= graceNanos) {
                long end = Math.min(run.last, run.first + MAX_KEYS - 1);
                List<String> keys = new ArrayList<>();
                for (long number = run.first; number <= end; number++) {
                    keys.add(ArchiveKeys.slot(number));
                }
                shipLog.store().delete(keys);
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
