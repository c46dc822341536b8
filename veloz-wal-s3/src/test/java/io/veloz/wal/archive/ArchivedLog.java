package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.fault.Logs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/** Waits until an archive contains a log, and copies archives. */
public final class ArchivedLog {
    private ArchivedLog() {}

    /** Waits until all records are archived, and all segments before the active one are sealed and committed, and not only in tails. */
    public static void awaitSegments(WalShipper shipper, Wal wal) {
        // A segment that is not sealed yet is no part of the spool.
        Logs.awaitSealed(wal);
        assertThat(shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(60)))
                .isTrue();
        Logs.await("all segments are committed", () -> shipper.status().spoolBytes() == 0);
    }

    /** Copies a directory. */
    public static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }
}
