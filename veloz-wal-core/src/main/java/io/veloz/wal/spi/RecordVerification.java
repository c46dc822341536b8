package io.veloz.wal.spi;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analyser;
import io.veloz.wal.internal.recovery.Analyser.Depth;
import io.veloz.wal.internal.recovery.Recovery;
import io.veloz.wal.storage.Storage;
import java.io.IOException;

/**
 * Verifies the records of segments whose files the caller has compared with a digest. Unlike {@link io.veloz.wal.WalRecovery#verify}
 * it does not compute the digests that their footers state, so it reads each file once. Stateless.
 */
public final class RecordVerification {
    private RecordVerification() {}

    /**
     * Reads all records of some consecutive segments, whose neighbours may be missing, and that no process writes.
     *
     * @param prefix of the names of their files
     * @throws IOException if a file cannot be read
     */
    public static RecoveryReport verify(Storage storage, String prefix) throws IOException {
        long started = System.nanoTime();
        var analyser = new Analyser(storage, new SegmentNames(prefix), Depth.RECORDS, true, false);
        return Recovery.report(analyser.analyse(), storage, started);
    }
}
