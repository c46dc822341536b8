package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.store.StoreException;

/** An object is damaged or gone, and reading it again did not help. */
final class DamagedObjectException extends StoreException {
    private static final long serialVersionUID = 1;

    final String key;
    final long firstSequence;
    final long lastSequence;

    /** Whether the object disappeared after the proof, as tails do when a shipper has committed their segment. */
    final boolean vanished;

    DamagedObjectException(String key, long firstSequence, long lastSequence, BadObjectException cause) {
        this(key, firstSequence, lastSequence, cause, false);
    }

    DamagedObjectException(
            String key, long firstSequence, long lastSequence, BadObjectException cause, boolean vanished) {
        super(String.valueOf(cause.getMessage()), cause);
        this.key = key;
        this.firstSequence = firstSequence;
        this.lastSequence = lastSequence;
        this.vanished = vanished;
    }
}
