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
 * Makes a new log of the records that are wanted: one with an id of its own, so that it can never be taken for the log that
 * was archived. It belongs to one thread.
 */
final class PartialCopy {
    private final Checkpoints checkpoints;
    private final Staging place;
    private final String prefix;
    private final RestoreOptions options;
    private final WalProgress progress;

    PartialCopy(Checkpoints checkpoints, Staging place, String prefix, RestoreOptions options, WalProgress progress) {
        this.checkpoints = checkpoints;
        this.place = place;
        this.prefix = prefix;
        this.options = options;
        this.progress = progress;
    }

    /** Returns when the new log is on disk, with the checkpoint that belongs to it. */
    RecoveryReport make() throws IOException {
        ReadOptions source = ReadOptions.of(place.log()).prefix(prefix).untilTime(options.untilTimeNanos());
        if (options.untilSequence() != Long.MAX_VALUE) {
            source = source.untilSequence(options.untilSequence());
        }
        SalvageReport copied = WalRecovery.salvage(source, place.copy(), progress);
        if (copied.records() == 0) {
            throw new WalRestoreException(
                    Reason.BEYOND_ARCHIVE,
                    "no record, or no whole group, of the archive is as old as that; take a later point",
                    null);
        }
        Optional<WalCheckpoint> checkpoint = checkpoints.fetch(copied.lastSequence());
        if (checkpoint.isPresent()) {
            write(checkpoint.get());
        }
        return WalRecovery.verify(ReadOptions.of(place.copy()).prefix(prefix), WalProgress.NONE);
    }

    private void write(WalCheckpoint checkpoint) {
        try (Wal wal = Wal.open(WalConfig.builder(place.copy()).prefix(prefix).build())) {
            wal.writeCheckpoint(checkpoint.sequence(), out -> {
                try (InputStream in = checkpoint.open()) {
                    in.transferTo(out);
                }
            });
        }
    }
}
