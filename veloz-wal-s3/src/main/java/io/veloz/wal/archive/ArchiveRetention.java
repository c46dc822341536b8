package io.veloz.wal.archive;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.store.ObjectStore;

/**
 * Deletes the segments and checkpoints of an archive that nothing needs any more, in two calls with a grace between them.
 * Stateless; several processes may run it at once, while a writer ships and while restores run. It never touches the slots, so
 * it can neither fence a writer nor break the chain.
 *
 * <p>Everything is kept that is younger than the age or within the count of the {@link ArchiveRetentionOptions options}, that a
 * hold or a recovery point needs, and from the newest checkpoint on of a chain that was verified by content. What is deleted is
 * the oldest part of the archive up to a checkpoint, so all that stays can be restored, to any point in time.
 */
public final class ArchiveRetention {
    private ArchiveRetention() {}

    /**
     * Stores a plan of what may be deleted. If a plan is open, returns that one. Deletes nothing.
     *
     * @throws ArchiveCareException if it was refused; see the reason
     * @throws WalRestoreException if the archive is damaged, or the store failed. Call it again; a plan that was stored is found
     */
    public static ArchiveRetentionReport plan(ObjectStore store, ArchiveRetentionOptions options) {
        return plan(new CareAccess(store), options);
    }

    static ArchiveRetentionReport plan(CareAccess care, ArchiveRetentionOptions options) {
        return care.run(() -> care.janitor(options).plan());
    }

    /**
     * Completes a deletion that was interrupted; else applies the open plan if its grace has ended, as far as nothing needs its
     * objects now; else does what {@link #plan} does. It may be interrupted and repeated at any time.
     *
     * @throws ArchiveCareException if it was refused; see the reason. Nothing was deleted
     * @throws WalRestoreException if the archive is damaged, or the store failed. Some objects may be deleted, all of them
     *     retired; call it again
     */
    public static ArchiveRetentionReport apply(ObjectStore store, ArchiveRetentionOptions options) {
        return apply(new CareAccess(store), options);
    }

    static ArchiveRetentionReport apply(CareAccess care, ArchiveRetentionOptions options) {
        return care.run(() -> care.janitor(options).apply());
    }
}
