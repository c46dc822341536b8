package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;

/** A log of some segments with checkpoints, and its archive. */
public final class ManySegments {
    public static final int RECORDS = 300;
    public static final long OLDER_CHECKPOINT = 120;
    public static final long CHECKPOINT = 220;

    private ManySegments() {}

    /** Writes the log, and archives its sealed segments, the rest as tails, and two checkpoints. */
    public static TestArchive make(ObjectStore store, Path log) throws IOException {
        write(log);
        var archive = new TestArchive(store, log)
                .segments(1, LogFiles.of(log).sealed().size())
                .tails(2000, Long.MAX_VALUE);
        try (Wal wal = SmallLog.open(log)) {
            wal.writeCheckpoint(OLDER_CHECKPOINT, out -> out.write(1));
        }
        archive.checkpoint(log, OLDER_CHECKPOINT);
        try (Wal wal = SmallLog.open(log)) {
            // Checkpoints alternate between two files, and the archive takes the first one.
            wal.writeCheckpoint(CHECKPOINT - 1, out -> out.write(1));
            wal.writeCheckpoint(CHECKPOINT, out -> out.write(2));
        }
        return archive.checkpoint(log, CHECKPOINT);
    }

    /** Writes the log only. */
    public static void write(Path log) {
        try (Wal wal = SmallLog.open(log)) {
            append(wal, RECORDS);
        }
    }

    public static void append(Wal wal, int count) {
        for (int i = 0; i < count; i++) {
            wal.append(1 + i % 3, SmallLog.bytes("record " + (wal.lastSequence() + 1) + " ".repeat(300)));
        }
        wal.sync();
    }
}
