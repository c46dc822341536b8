package io.veloz.wal.archive;

import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.Witnesses;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Whether the last writer of an archive ended on purpose. Stateless. */
final class ClosedEpoch {
    private ClosedEpoch() {}

    /** Returns when the writer of the tip ended; null if it runs, or was killed, or has lost slots. Makes one request. */
    static @Nullable Instant endedAt(ObjectStore store, Retries retries, LogIdentity identity, @Nullable Slot tip)
            throws IOException {
        if (tip == null) {
            return null;
        }
        return retries.call(() -> Witnesses.end(store, identity, tip.epoch()))
                .filter(end -> end.writer().equals(tip.writer()) && end.tip().number() == tip.number())
                .map(Witness::written)
                .orElse(null);
    }
}
