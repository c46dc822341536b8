package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import org.jspecify.annotations.Nullable;

/**
 * The last slot of the ship log. Immutable.
 *
 * @param number 0 if there is none yet
 * @param sha256 of it
 * @param slot null if there is none yet
 */
record Tip(long number, String sha256, @Nullable Slot slot) {
    static final Tip NONE = new Tip(0, Digest.NONE, null);

    static Tip of(Slot slot, String sha256) {
        return new Tip(slot.number(), sha256, slot);
    }

    long epoch() {
        return slot == null ? 0 : slot.epoch();
    }

    Archived archived() {
        return slot == null ? Archived.NOTHING : slot.archived();
    }

    /** The last slot that is never deleted, this one included. */
    SlotRef kept() {
        if (slot == null) {
            return SlotRef.NONE;
        }
        return slot.isKept() ? new SlotRef(number, sha256) : slot.kept();
    }
}
