package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.Durability;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.storage.Storage;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Appends the records that a log has beyond the archive to a copy of the archive: with their sequences, times and groups, in
 * new files, as the old ones do not follow the files of the archive.
 */
final class LocalRecords {
    /** Holds any batch that the default configuration allows. */
    private static final long MIN_SEGMENT_BYTES = 4 * 1024 * 1024;

    private LocalRecords() {}

    /** Returns when they are on disk. */
    static void append(Storage from, RecoveryReport local, long afterSequence, Path to, String prefix) {
        long largest = local.segments().stream()
                .mapToLong(SegmentReport::fileBytes)
                .max()
                .orElse(0);
        WalConfig.Builder config = WalConfig.builder(to).prefix(prefix).durability(Durability.LOSE_UNFORCED);
        config.segmentBytes(Math.min(config.build().segmentBytes(), Math.max(MIN_SEGMENT_BYTES, largest)));
        ReadOptions beyond = ReadOptions.of(from).prefix(prefix).fromSequence(afterSequence + 1);
        try (WalReader reader = WalReader.open(beyond);
                Wal wal = Wal.open(config.build())) {
            RecordGroup group = new RecordGroup();
            while (reader.next()) {
                // Copied, because the group holds it until its last record is read.
                ByteBuffer payload = ByteBuffer.allocate(reader.payload().remaining());
                payload.put(reader.payload()).flip();
                group.add(reader.type(), reader.timestampNanos(), payload);
                if (!reader.groupContinues()) {
                    wal.append(group);
                    group = new RecordGroup();
                }
            }
            wal.sync();
        }
    }
}
