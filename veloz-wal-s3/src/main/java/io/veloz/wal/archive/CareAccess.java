package io.veloz.wal.archive;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.care.CareWriter;
import io.veloz.wal.archive.internal.care.DamagedRecord;
import io.veloz.wal.archive.internal.care.Janitor;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.RestoreErrors;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.util.concurrent.Callable;

/** What each step in the care of an archive uses: the store, its identity, retries, and a thread that is not interrupted. */
final class CareAccess {
    private final ObjectStore store;
    private final Retries retries;
    private final Clock clock;

    CareAccess(ObjectStore store) {
        this(store, Retries.withBackoff(), Clock.systemUTC());
    }

    CareAccess(ObjectStore store, Retries retries, Clock clock) {
        this.store = store;
        this.retries = retries;
        this.clock = clock;
    }

    ObjectStore store() {
        return store;
    }

    Retries retries() {
        return retries;
    }

    Clock clock() {
        return clock;
    }

    LogIdentity identity() throws IOException {
        return retries.call(new ShipLog(store)::identity)
                .orElseThrow(() -> new WalRestoreException(
                        Reason.NOT_AN_ARCHIVE,
                        store.describe() + " is not an archive (it has no log.json); correct the URI",
                        null));
    }

    CareWriter writer() throws IOException {
        return new CareWriter(store, retries, identity(), clock, host());
    }

    DamagedRecord damagedRecord() throws IOException {
        return new DamagedRecord(store, retries, identity(), clock, host());
    }

    Janitor janitor(ArchiveRetentionOptions options) throws IOException {
        return new Janitor(store, retries, identity(), options, clock, host());
    }

    static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    <T> T run(Callable<T> task) {
        try {
            return UninterruptibleThread.call("veloz-wal-care", task);
        } catch (ArchiveCareException e) {
            throw e;
        } catch (Exception e) {
            throw RestoreErrors.translate(e, store.describe());
        }
    }
}
