package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.ChainState;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import org.jspecify.annotations.Nullable;

/**
 * The state of a {@link SlotWriter} between two requests. Immutable.
 *
 * @param phase the next request
 * @param tip the last slot of the ship log, as far as it is known
 * @param low during the search for the tip: the highest slot that was listed
 * @param high during the search for the tip: no slot after this one is listed
 * @param stride during the search for the tip: how far ahead the next list request starts
 * @param draft the slot that is being put; null if there is none
 * @param exists whether the store reported that a slot with the number of the draft exists, and it has not been read yet
 * @param winner the slot of another writer that has the number of our next slot; null if there is none
 */
record WriterState(
        Phase phase,
        Tip tip,
        long low,
        long high,
        long stride,
        @Nullable Draft draft,
        boolean exists,
        @Nullable Slot winner) {
    private static final long FIRST_STRIDE = 1024;

    static final WriterState INITIAL = searchFrom(0);

    /**
     * Returns the state before the search for the tip.
     *
     * @param hint a slot that existed; 0 for none. If it is missing, the search is repeated without it
     */
    static WriterState searchFrom(long hint) {
        return new WriterState(Phase.FIND_TIP, Tip.NONE, hint, Long.MAX_VALUE, 0, null, false, null);
    }

    /** The steps of the protocol, see docs/archive.md. */
    enum Phase {
        /** List slots, to find the tip. */
        FIND_TIP,
        /** Read the last slot that was listed. */
        READ_TIP,
        /** Read the slot after it, which a list may not contain yet. */
        PROBE,
        /** Read the last slot before the tip that is never deleted, if the tip is a tail. */
        READ_KEPT,
        /** No request: the caller compares the local log with the tip. */
        CHECK,
        /** Put the EPOCH slot. */
        CLAIM,
        /** Read the slot with the number of the EPOCH slot, as the outcome of the put is unknown. */
        RESOLVE_CLAIM,
        /** List the slots after the EPOCH slot. */
        LIST_AFTER_CLAIM,
        /** Read the slot after the EPOCH slot. */
        READ_AFTER_CLAIM,
        /** The epoch is acquired, and no slot is being put. */
        READY,
        /** Put a slot. */
        PUT,
        /** Read the slot with the number of our slot, as the outcome of the put is unknown. */
        RESOLVE,
        /** Another writer has acquired a later epoch. Final. */
        FENCED,
        /** The number of our slot has a slot that no writer following the protocol can have put. Final. */
        BROKEN
    }

    /**
     * The last slot of the ship log. Immutable.
     *
     * @param number 0 if the ship log is empty
     * @param sha256 of the slot
     * @param slot null if the ship log is empty
     * @param keptSlot the last slot up to this one that is never deleted; null if there is none, or it has not been read
     */
    record Tip(
            long number,
            String sha256,
            @Nullable Slot slot,
            @Nullable Slot keptSlot) {
        static final Tip NONE = new Tip(0, Digest.NONE, null, null);

        static Tip of(Slot slot, String sha256) {
            return new Tip(slot.number(), sha256, slot, slot.isKept() ? slot : null);
        }

        /** Returns the tip after a slot was put. */
        Tip next(Slot slot, String sha256) {
            return new Tip(slot.number(), sha256, slot, slot.isKept() ? slot : keptSlot);
        }

        Tip withKept(Slot kept) {
            return new Tip(number, sha256, slot, kept);
        }

        /** Returns whether the last slot that is never deleted has to be read before a slot can be put. */
        boolean needsKept() {
            return keptSlot == null && kept().number() > 0;
        }

        long epoch() {
            return slot == null ? 0 : slot.epoch();
        }

        Archived archived() {
            return slot == null ? Archived.NOTHING : slot.archived();
        }

        /** Returns the last slot up to this one that is never deleted. */
        SlotRef kept() {
            if (slot == null) {
                return SlotRef.NONE;
            }
            return slot.isKept() ? new SlotRef(number, sha256) : slot.kept();
        }

        /** Returns the last slot up to this one that is not a BEAT. */
        SlotRef beforeBeats() {
            return slot != null && slot.part() instanceof Beat beat ? beat.after() : new SlotRef(number, sha256);
        }

        /** Returns what the next slot states about the kept slots before it, if it is kept itself. */
        ChainState chainWith(Part part) {
            return ChainState.after(kept(), keptSlot, part);
        }
    }

    /** A slot that is being put. Every attempt sends the same bytes. Immutable. */
    static final class Draft {
        private final Slot slot;
        private final byte[] bytes;
        private final String sha256;

        Draft(Slot slot, byte[] bytes) {
            this.slot = slot;
            this.bytes = bytes;
            this.sha256 = Digest.of(bytes);
        }

        Slot slot() {
            return slot;
        }

        /** Returns the encoded slot, not a copy. */
        byte[] bytes() {
            return bytes;
        }

        String sha256() {
            return sha256;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Draft draft && draft.sha256.equals(sha256);
        }

        @Override
        public int hashCode() {
            return sha256.hashCode();
        }
    }

    WriterState to(Phase next) {
        return new WriterState(next, tip, low, high, stride, draft, false, winner);
    }

    WriterState to(Phase next, Tip newTip) {
        return new WriterState(next, newTip, 0, Long.MAX_VALUE, 0, null, false, null);
    }

    WriterState collided(Phase next) {
        return new WriterState(next, tip, low, high, stride, draft, true, winner);
    }

    WriterState send(Phase next, Draft slot) {
        return new WriterState(next, tip, 0, Long.MAX_VALUE, 0, slot, false, null);
    }

    WriterState lost(Phase next, Slot to) {
        return new WriterState(next, tip, low, high, stride, draft, false, to);
    }

    /** Returns the state after a page that ends with a slot. */
    WriterState listed(long last, boolean isLastPage) {
        return new WriterState(
                Phase.FIND_TIP,
                tip,
                last,
                high,
                isLastPage ? 0 : Math.max(FIRST_STRIDE, 2 * stride),
                draft,
                false,
                winner);
    }

    /** Returns the state after an empty page. */
    WriterState listedNothing(long after) {
        return new WriterState(Phase.FIND_TIP, tip, low, after, 0, draft, false, winner);
    }
}
