package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * Finds the tails that earlier writers left to be dropped: between two kept slots there are only tails. One request for each
 * {@link #step}; shipping does not wait for it. It belongs to one thread.
 */
final class EarlierTails {
    private final ShipLog shipLog;
    private final CleanUp cleanUp;
    private Slot at;
    private boolean isListed;
    private boolean isDone;

    /** Starts at the tip, without a request. */
    EarlierTails(ShipLog shipLog, Tip tip, CleanUp cleanUp) {
        this.shipLog = shipLog;
        this.cleanUp = cleanUp;
        this.at = Objects.requireNonNull(tip.slot());
        note();
    }

    boolean isDone() {
        return isDone;
    }

    /** From now on tails that were not found yet may be all that is left of their segments. */
    void stop() {
        isDone = true;
    }

    void step(long nowNanos) throws IOException {
        long after = at.kept().number();
        if (isListed || at.number() - after <= 1) {
            at = History.kept(shipLog, at);
            isListed = false;
            note();
            return;
        }
        List<Long> page = shipLog.page(after);
        if (page.isEmpty() || page.get(0) >= at.number()) {
            // Tails are dropped from old to new: those before these were dropped, too.
            isDone = true;
        } else {
            cleanUp.earlierTails(page.get(0), at.number() - 1, at.archived().segment(), nowNanos);
            isListed = true;
        }
    }

    private void note() {
        // Tails before a gap may be all there is of their segments. Which of them are, is not worth a walk.
        isDone |= at.part() instanceof Gap || at.kept().number() == 0;
    }
}
