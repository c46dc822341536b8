package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.jfr.JfrEvents;
import io.veloz.wal.archive.internal.jfr.RestoreEvent;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.ArchiveRestorer;
import io.veloz.wal.storage.UninterruptibleThread;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Restores from the store of a URI. Thread-safe. */
public final class ArchiveRestore implements ArchiveRestorer {
    @Override
    public RestorePlan plan(String uri, RestoreOptions options) {
        try (ObjectStore store = open(uri, options)) {
            Restore restore = new Restore(store, options, Retries.withBackoff(), Directories.REAL);
            return run(store, options, restore::plan);
        }
    }

    @Override
    public RestoreReport restore(String uri, RestoreOptions options) {
        try (ObjectStore store = open(uri, options)) {
            Restore restore = new Restore(store, options, Retries.withBackoff(), Directories.REAL);
            @Nullable RestoreEvent event = JfrEvents.beginRestore();
            RestoreReport report = run(store, options, restore::run);
            if (event != null) {
                JfrEvents.record(() -> event.end(store.describe(), report));
            }
            return report;
        }
    }

    private static ObjectStore open(String uri, RestoreOptions options) {
        try {
            return ObjectStores.open(uri, options.storeSettings());
        } catch (IllegalArgumentException e) {
            throw new WalRestoreException(
                    WalRestoreException.Reason.UNKNOWN_ARCHIVE, String.valueOf(e.getMessage()), e);
        }
    }

    static <T> T run(ObjectStore store, RestoreOptions options, Callable<T> task) {
        try {
            // On another thread, because an interrupt of the caller would close the files.
            return UninterruptibleThread.call("veloz-wal-restore", task);
        } catch (Exception e) {
            throw RestoreErrors.translate(e, store.describe() + " into " + options.directory());
        }
    }
}
