package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SalvageReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * Copies the requested records into a new log. The new log has another id, so that it cannot be mistaken for the archived
 * log. It belongs to one thread.
 */
final class PointInTimeCopy {
    private final Checkpoints checkpoints;
    private final Staging staging;
    private final String prefix;
    private final RestoreOptions options;
    private final WalProgress progress;

    PointInTimeCopy(
            Checkpoints checkpoints, Staging staging, String prefix, RestoreOptions options, WalProgress progress) {
        this.checkpoints = checkpoints;
        this.staging = staging;
        this.prefix = prefix;
        this.options = options;
        this.progress = progress;
    }

    /** Copies the records, and the checkpoint that belongs to them. Returns when the new log is durable. */
    RecoveryReport make() throws IOException {
        ReadOptions source = ReadOptions.of(staging.log()).prefix(prefix).untilTime(options.untilTimeNanos());
        if (options.untilSequence() != Long.MAX_VALUE) {
            source = source.untilSequence(options.untilSequence());
        }
        SalvageReport copied = WalRecovery.salvage(source, staging.copy(), progress);
        if (copied.records() == 0) {
            throw new WalRestoreException(
                    Reason.BEYOND_ARCHIVE,
                    "the archive has no record, or no complete group, before that point; take a later point",
                    null);
        }
        Optional<WalCheckpoint> checkpoint = checkpoints.fetch(copied.lastSequence());
        if (checkpoint.isPresent()) {
            write(checkpoint.get());
        }
        return WalRecovery.verify(ReadOptions.of(staging.copy()).prefix(prefix), WalProgress.NONE);
    }

    private void write(WalCheckpoint checkpoint) {
        try (Wal wal = Wal.open(WalConfig.builder(staging.copy()).prefix(prefix).build())) {
            wal.writeCheckpoint(checkpoint.sequence(), out -> {
                try (InputStream in = checkpoint.open()) {
                    in.transferTo(out);
                }
            });
        }
    }
}
