package io.veloz.wal;

import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.LogCopy;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.NewDirectory;
import io.veloz.wal.storage.StorageFullException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Salvages a damaged log into a new directory, which gets its final name when it is complete. */
final class Salvage {
    /** Large enough for any batch that the default configuration allows. */
    private static final long MIN_SEGMENT_BYTES = 4 * 1024 * 1024;

    private Salvage() {}

    static SalvageReport run(ReadOptions options, Path target, WalProgress progress) throws IOException {
        NewDirectory directory = NewDirectory.at(target);
        Path partial = directory.partial();
        RecoveryReport source = WalRecovery.inspect(options);
        try {
            SalvageReport report = copy(options, source, partial, progress);
            // Opening the copy once seals its last segment and proves that it is a log.
            Wal.open(config(options, source, partial)).close();
            directory.publish();
            return report;
        } catch (StorageFullException e) {
            throw new WalDiskFullException("no room to salvage into " + partial + ": " + e.getMessage(), e);
        }
    }

    /** Uses segments as large as those of the source, so that a small log does not need the space of a large one. */
    private static WalConfig config(ReadOptions options, RecoveryReport source, Path directory) {
        long largest = source.segments().stream()
                .mapToLong(SegmentReport::fileBytes)
                .max()
                .orElse(0);
        WalConfig.Builder config = WalConfig.builder(directory).prefix(options.prefix);
        long usual = config.build().segmentBytes();
        return config.segmentBytes(Math.min(usual, Math.max(MIN_SEGMENT_BYTES, largest)))
                .build();
    }

    private static SalvageReport copy(ReadOptions options, RecoveryReport source, Path directory, WalProgress progress)
            throws IOException {
        WalConfig config = config(options, source, directory);
        DiskStorage storage = DiskStorage.createOrOpen(directory);
        long total =
                source.segments().stream().mapToLong(SegmentReport::dataBytes).sum();
        long done = 0;
        try (WalReader reader = WalReader.open(options.salvage());
                LogCopy copy = new LogCopy(
                        storage,
                        new SegmentNames(options.prefix),
                        LogId.random(),
                        firstKept(source),
                        config.segmentBytes(),
                        reader.largestBatchBytes(),
                        config.wallClockNanos())) {
            long records = 0;
            long first = -1;
            long last = 0;
            while (reader.next()) {
                copy.add(
                        reader.sequence(),
                        reader.type(),
                        reader.groupContinues(),
                        reader.timestampNanos(),
                        reader.payload());
                first = first < 0 ? reader.sequence() : first;
                last = reader.sequence();
                records++;
                done += reader.recordBytes();
                if (records % 4096 == 0) {
                    progress.update(Math.min(done, total), total);
                }
            }
            int dropped = copy.finish();
            records -= dropped;
            last = records == 0 ? 0 : last - dropped;
            first = records == 0 ? -1 : first;
            progress.update(total, total);
            return new SalvageReport(records, first, last, lost(reader, source, last), reader.hasTornTail());
        }
    }

    /** Returns the ranges that the reader skipped, and those that it could not know of: a missing last segment. */
    private static List<LostRange> lost(WalReader reader, RecoveryReport source, long last) {
        List<LostRange> lost = new ArrayList<>(reader.lost());
        for (LostRange range : source.lost()) {
            boolean reported = lost.stream()
                    .anyMatch(other -> other.firstSequence() <= range.firstSequence()
                            && (other.lastSequence() < 0 || other.lastSequence() >= range.firstSequence()));
            if (range.firstSequence() > last && !reported) {
                lost.add(range);
            }
        }
        return lost;
    }

    /** Returns where the source began after its last trim. Records before that were not lost. */
    private static long firstKept(RecoveryReport source) {
        return source.expectedFirstSequence();
    }
}
