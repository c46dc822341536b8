package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot;

/** A slot on its way into the store: the very same bytes every time it is sent. Immutable. */
final class Draft {
    private final Slot slot;
    private final byte[] bytes;
    private final String sha256;

    private Draft(Slot slot, byte[] bytes) {
        this.slot = slot;
        this.bytes = bytes;
        this.sha256 = Digest.of(bytes);
    }

    static Draft of(Slot slot, byte[] bytes) {
        return new Draft(slot, bytes);
    }

    Slot slot() {
        return slot;
    }

    /** Not a copy. */
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
