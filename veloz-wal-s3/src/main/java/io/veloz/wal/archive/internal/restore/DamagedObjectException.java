package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.store.StoreException;

/** An object is damaged or missing, and retries did not help. */
final class DamagedObjectException extends StoreException {
    private static final long serialVersionUID = 1;

    final String key;
    final long firstSequence;
    final long lastSequence;

    /** Whether the object disappeared after the proof, as tails do after a shipper has committed their segment. */
    final boolean disappeared;

    DamagedObjectException(String key, long firstSequence, long lastSequence, BadObjectException cause) {
        this(key, firstSequence, lastSequence, cause, false);
    }

    DamagedObjectException(
            String key, long firstSequence, long lastSequence, BadObjectException cause, boolean disappeared) {
        super(String.valueOf(cause.getMessage()), cause);
        this.key = key;
        this.firstSequence = firstSequence;
        this.lastSequence = lastSequence;
        this.disappeared = disappeared;
    }
}
