package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.fault.Logs;
import java.time.Duration;

/** Waits until an archive contains a log. */
public final class ArchivedLog {
    private ArchivedLog() {}

    /** Waits until all records are archived and all sealed segments are committed, and not only in tails. */
    public static void awaitSegments(WalShipper shipper, Wal wal) {
        assertThat(shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(60)))
                .isTrue();
        Logs.await("all segments are committed", () -> shipper.status().spoolBytes() == 0);
    }
}
