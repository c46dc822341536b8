package io.veloz.wal.archive;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveRepairReport.Cause;
import io.veloz.wal.archive.ArchiveRepairReport.Repaired;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.repair.IdentityRepair;
import io.veloz.wal.archive.store.ObjectStore;
import java.util.List;

/**
 * Repairs the object {@code log.json} of an archive, which states the log that the archive belongs to. The chain of slots
 * repeats it, so a missing or changed one is put again byte for byte. Makes a few requests. Thread-safe.
 */
public final class ArchiveIdentity {
    private ArchiveIdentity() {}

    /**
     * Creates {@code log.json} if it is missing. Shippers and readers may run. A changed one is left, and is a problem in the
     * report, with the difference and the SHA-256 that {@link #replace} needs.
     *
     * @throws WalRestoreException if the slots do not state the identity, or contradict each other; or if the store failed: call
     *     it again
     */
    public static ArchiveRepairReport repair(ObjectStore store) {
        return run(store, "", Retries.withBackoff());
    }

    /**
     * Does the same, and also replaces a changed {@code log.json}: deletes it, then creates the original. Needs the right to
     * delete it. A shipper or a restore that starts between the two requests is refused; after a crash in between, the same call
     * creates it.
     *
     * @param sha256 of the changed object, as an operator has confirmed it; if the object has another one now, it is left
     * @throws WalRestoreException as {@link #repair} does
     */
    public static ArchiveRepairReport replace(ObjectStore store, String sha256) {
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("\"" + sha256 + "\": expected 64 lowercase hex digits");
        }
        return run(store, sha256, Retries.withBackoff());
    }

    static ArchiveRepairReport run(ObjectStore store, String replaced, Retries retries) {
        IdentityRepair.Result result =
                new ArchiveVerifier(store, retries).run(() -> new IdentityRepair(store, retries).run(replaced));
        return switch (result.outcome()) {
            case INTACT -> new ArchiveRepairReport(List.of(), List.of(), List.of());
            case CREATED -> repaired(Cause.MISSING);
            case REPLACED -> repaired(Cause.DAMAGED);
            case CHANGED ->
                new ArchiveRepairReport(
                        List.of(), List.of(new Problem(ArchiveKeys.LOG, -1, -1, changed(result))), List.of());
        };
    }

    private static ArchiveRepairReport repaired(Cause cause) {
        return new ArchiveRepairReport(List.of(new Repaired(ArchiveKeys.LOG, -1, -1, cause, "")), List.of(), List.of());
    }

    private static String changed(IdentityRepair.Result result) {
        return "it was changed: " + result.difference()
                + ". If the slots in this place are those of the right archive, keep a"
                + " copy of the object, and confirm its replacement with its SHA-256, " + result.sha256();
    }
}
