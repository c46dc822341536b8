package io.veloz.wal.backup;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.store.Digests;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The choice of a recovery point. Stateless. */
final class ChosenPoint {
    private ChosenPoint() {}

    /** Returns a recovery point whose chain and whose place in the archive are proven. */
    static RecoveryPoint find(ObjectStore store, Optional<Long> number, Optional<Instant> untilTime)
            throws IOException {
        RecoveryPoint point = choose(store, number, untilTime);
        requireInArchive(store, point);
        return point;
    }

    private static RecoveryPoint choose(ObjectStore store, Optional<Long> number, Optional<Instant> untilTime)
            throws IOException {
        List<PointChain.Stored> chain;
        try {
            chain = new PointChain(store).readAll();
        } catch (BadPointException e) {
            throw new RecoveryException(Reason.DAMAGED, String.valueOf(e.getMessage()), e);
        }
        if (chain.isEmpty()) {
            throw new RecoveryException(Reason.NO_POINT, store.describe() + " has no recovery points");
        }
        if (untilTime.isPresent()) {
            Instant until = untilTime.get();
            return chain.stream()
                    .map(PointChain.Stored::point)
                    .filter(point -> !point.made().isAfter(until))
                    .reduce((earlier, later) -> later)
                    .orElseThrow(() -> new RecoveryException(
                            Reason.NO_POINT,
                            store.describe() + " has no recovery point that was made until " + until
                                    + "; the first one was made" + " at "
                                    + chain.get(0).point().made()));
        }
        long wanted = number.orElse((long) chain.size());
        if (wanted < 1 || wanted > chain.size()) {
            throw new RecoveryException(
                    Reason.NO_POINT,
                    store.describe() + " has recovery points 1 to " + chain.size() + ", and not " + wanted);
        }
        return chain.get((int) wanted - 1).point();
    }

    /** The point must belong to this archive, and the archive must not have lost what it had when the point was made. */
    private static void requireInArchive(ObjectStore store, RecoveryPoint point) throws IOException {
        ArchiveStatus status;
        try {
            status = ArchiveStatus.of(store);
        } catch (WalRestoreException e) {
            throw new RecoveryException(Reason.LOG_BEHIND, "the log's archive cannot be read: " + e.getMessage(), e);
        }
        String where = store.describe() + ": recovery point " + point.number();
        if (!status.logId().equals(point.logId())) {
            throw new RecoveryException(
                    Reason.LOG_BEHIND, where + " is of log " + point.logId() + "; the archive is of " + status.logId());
        }
        if (status.tip() < point.tip().slot()
                || status.archivedSequence() < point.tip().archivedSequence()) {
            throw new RecoveryException(
                    Reason.LOG_BEHIND,
                    where + " was made at slot " + point.tip().slot() + ", record "
                            + point.tip().archivedSequence() + "; the archive ends at slot " + status.tip()
                            + ", record "
                            + status.archivedSequence() + ": it has lost objects");
        }
        try (InputStream in = store.get(Backup.slotKey(point.tip().slot()))) {
            if (!Digests.of(in).equals(point.tip().sha256())) {
                throw new RecoveryException(
                        Reason.LOG_BEHIND,
                        where + " names another slot " + point.tip().slot() + " than the archive has: another history");
            }
        } catch (NoSuchObjectException e) {
            // The shipper deletes tails that a segment has replaced. It was checked above that the archive continues.
        }
    }
}
