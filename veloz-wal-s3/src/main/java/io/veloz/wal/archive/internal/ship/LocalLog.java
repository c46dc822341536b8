package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.WalStats;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The log that is shipped, which this process or another one writes. It is only read. Thread-safe, except as noted. */
public final class LocalLog {
    private final LogFiles files;
    private final Readers readers;
    private final LongSupplier durableSequence;
    private final LongSupplier activeBytes;

    /** Null if this process writes the log, and so knows its end. */
    private final @Nullable LogEnd end;

    private interface Readers {
        SegmentReader open(long afterSegment, long afterPosition, long afterSequence);
    }

    /** The first segment and record of a log, and the last record. */
    record Range(long firstSegment, long firstSequence, long lastSequence) {}

    private LocalLog(
            LogFiles files,
            Readers readers,
            LongSupplier durableSequence,
            LongSupplier activeBytes,
            @Nullable LogEnd end) {
        this.files = files;
        this.end = end;
        this.readers = readers;
        this.durableSequence = durableSequence;
        this.activeBytes = activeBytes;
    }

    /** Returns a log that this process writes. */
    public static LocalLog of(Wal wal) {
        return new LocalLog(
                wal.files(), wal::segmentReader, wal::durableSequence, () -> activeBytes(wal.stats()), null);
    }

    private static long activeBytes(WalStats stats) {
        return stats.activeSegmentBytes() - stats.activeSegmentRoomBytes();
    }

    /** Returns a log that another process writes, or that no process writes. */
    public static LocalLog of(LogFiles files) {
        LogEnd end = new LogEnd(files);
        return new LocalLog(
                files,
                (segment, position, sequence) -> SegmentReader.open(files, segment, position, sequence),
                end::durableSequence,
                end::activeBytes,
                end);
    }

    public LogFiles files() {
        return files;
    }

    String describe() {
        return files.storage().describe();
    }

    /** Returns the exception for a log and an archive that are inconsistent. */
    WalShippingRefusedException refused(ObjectStore store, Reason reason, String message) {
        return new WalShippingRefusedException(reason, describe() + " and " + store.describe() + ": " + message);
    }

    String logId() throws IOException {
        return files.logId()
                .orElseThrow(() -> new WalShippingRefusedException(
                        Reason.NO_LOG, describe() + " does not contain a log; open it, then ship it"));
    }

    /** Returns whether this process writes the log, so that its end is known at any time. */
    public boolean isWriterHere() {
        return end == null;
    }

    /**
     * Reads to the end of a log that another process writes. Does
     * nothing if this process writes it. Called by the shipping thread.
     */
    public void followEnd() {
        if (end != null) {
            end.follow();
        }
    }

    /** Closes the reader of {@link #followEnd}. Called by the shipping thread. */
    public void closeEnd() {
        if (end != null) {
            end.close();
        }
    }

    /** Returns the last durable record. If another process writes the log, the last one that {@link #followEnd} found, or 0. */
    public long durableSequence() {
        return durableSequence.getAsLong();
    }

    /** Returns approximately how many bytes of the active segment are written. */
    long activeBytes() {
        return Math.max(0, activeBytes.getAsLong());
    }

    /** Returns whether another process has it open. Then only a later batch shows that a record is durable. */
    boolean isWrittenElsewhere() throws IOException {
        return end != null && files.isLocked();
    }

    Range range() {
        RecoveryReport report = WalRecovery.inspect(options());
        long segment =
                report.segments().isEmpty() ? 1 : report.segments().get(0).number();
        return new Range(segment, report.expectedFirstSequence(), Math.max(report.lastSequence(), durableSequence()));
    }

    Optional<SealedSegment> sealed(long number) throws IOException {
        return files.sealed(number);
    }

    /** @throws io.veloz.wal.WalTrimmedException if the next record has been trimmed */
    SegmentReader reader(long afterSegment, long afterPosition, long afterSequence) {
        return readers.open(afterSegment, afterPosition, afterSequence);
    }

    Optional<WalCheckpoint> newestCheckpoint() {
        return WalCheckpoint.newest(options());
    }

    /** Returns whether a checkpoint still exists, and its file has not been overwritten by a newer one. */
    boolean has(WalCheckpoint checkpoint) {
        return WalCheckpoint.good(options()).stream()
                .anyMatch(found -> found.file().equals(checkpoint.file())
                        && found.sequence() == checkpoint.sequence()
                        && found.createdNanos() == checkpoint.createdNanos()
                        && found.checksum() == checkpoint.checksum());
    }

    private ReadOptions options() {
        return ReadOptions.of(files.storage()).prefix(files.prefix());
    }
}
