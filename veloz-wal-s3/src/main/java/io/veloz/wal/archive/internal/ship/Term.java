package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot;
import org.jspecify.annotations.Nullable;

/**
 * How far a writer has got in its term of office: all that {@link Office} knows between two requests. Immutable.
 *
 * @param phase what the next request is
 * @param tip the end of the ship log, as far as it is known
 * @param low while the tip is looked for: the highest slot seen
 * @param high while the tip is looked for: no slot is listed behind this one
 * @param stride while the tip is looked for: how far ahead to look
 * @param draft the slot on its way; null if there is none
 * @param exists whether the store answered that there is a slot where the draft should be, which has not been read yet
 * @param winner whose slot stands where ours should; null while nobody's does
 */
record Term(
        Phase phase,
        Tip tip,
        long low,
        long high,
        long stride,
        @Nullable Draft draft,
        boolean exists,
        @Nullable Slot winner) {
    private static final long FIRST_STRIDE = 1024;

    static final Term BEGINNING = new Term(Phase.FIND, Tip.NONE, 0, Long.MAX_VALUE, 0, null, false, null);

    enum Phase {
        /** List, for the tip. */
        FIND,
        /** Read the slot that was listed last. */
        LOOK,
        /** Read the slot behind it, which the list may not know yet. */
        PROBE,
        /** No request: the local log is held against the tip. */
        CHECK,
        /** Put the EPOCH slot. */
        CLAIM,
        /** Read what stands where the EPOCH slot should. */
        SETTLE_CLAIM,
        /** List behind the claim. */
        LIST_BEHIND,
        /** Read the slot behind the claim. */
        LOOK_BEHIND,
        /** In office; no slot on its way. */
        READY,
        /** Put a slot. */
        PUT,
        /** Read what stands where the slot should. */
        SETTLE,
        /** Another writer is in office, for good. */
        FENCED,
        /** What stands where our slot should, nobody can have put there. */
        BROKEN
    }

    Term to(Phase next) {
        return new Term(next, tip, low, high, stride, draft, false, winner);
    }

    Term to(Phase next, Tip newTip) {
        return new Term(next, newTip, 0, Long.MAX_VALUE, 0, null, false, null);
    }

    Term collided(Phase next) {
        return new Term(next, tip, low, high, stride, draft, true, winner);
    }

    Term send(Phase next, Draft slot) {
        return new Term(next, tip, 0, Long.MAX_VALUE, 0, slot, false, null);
    }

    Term lost(Phase next, Slot to) {
        return new Term(next, tip, low, high, stride, draft, false, to);
    }

    Term listed(long last, boolean all) {
        return new Term(
                Phase.FIND, tip, last, high, all ? 0 : Math.max(FIRST_STRIDE, 2 * stride), draft, false, winner);
    }

    Term listedNothing(long behind) {
        return new Term(Phase.FIND, tip, low, behind, 0, draft, false, winner);
    }
}
