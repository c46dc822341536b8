package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreReport;

/** Restores from any store, without backoff between attempts. */
public final class DirectRestore {
    private DirectRestore() {}

    public static RestoreReport restore(ObjectStore store, RestoreOptions options) {
        return ArchiveRestore.run(
                store, options, new Restore(store, options, new Retries(n -> {}), Directories.REAL)::run);
    }

    public static RestorePlan plan(ObjectStore store, RestoreOptions options) {
        return ArchiveRestore.run(
                store, options, new Restore(store, options, new Retries(n -> {}), Directories.REAL)::plan);
    }
}
