package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.RestoreOptions;
import io.veloz.wal.RestorePlan;
import io.veloz.wal.RestoreReport;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;

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
