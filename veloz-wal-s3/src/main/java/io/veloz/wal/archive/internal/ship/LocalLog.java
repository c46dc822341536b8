package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The log that is shipped, in this process or another. It is only read. Any thread may call any method. */
public final class LocalLog {
    private final LogFiles files;
    private final Readers readers;
    private final LongSupplier durableSequence;
    private final LongSupplier activeBytes;

    /** Null in the writer's process, which knows the end itself. */
    private final @Nullable LogEnd end;

    private interface Readers {
        SegmentReader open(long afterSegment, long afterPosition, long afterSequence);
    }

    /** Where a log begins and ends. */
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

    /** In its writer's process. */
    public static LocalLog of(Wal wal) {
        return new LocalLog(
                wal.files(),
                wal::segmentReader,
                wal::durableSequence,
                () -> wal.config().segmentBytes() - wal.stats().activeSegmentRoomBytes(),
                null);
    }

    /** Beside a writer in another process, or without one. */
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

    /** Says that this log and that archive do not fit together. */
    WalShippingRefusedException refused(ObjectStore store, Reason reason, String message) {
        return new WalShippingRefusedException(reason, describe() + " and " + store.describe() + ": " + message);
    }

    String logId() throws IOException {
        return files.logId()
                .orElseThrow(() -> new WalShippingRefusedException(
                        Reason.NO_LOG, describe() + ": there is no log; open it, then ship it"));
    }

    /** Whether the log is written by this process, so that its end is known at any time. */
    public boolean isWriterHere() {
        return end == null;
    }

    /**
     * Reads on to the end of a log that another process writes; does nothing in the writer's process. For the thread that
     * ships.
     */
    public void followEnd() {
        if (end != null) {
            end.follow();
        }
    }

    /** Closes what {@link #followEnd} has open. For the thread that ships. */
    public void closeEnd() {
        if (end != null) {
            end.close();
        }
    }

    /** The last durable record; while another process writes, the last one that {@link #followEnd} found, 0 before. */
    public long durableSequence() {
        return durableSequence.getAsLong();
    }

    /** About how much of the active segment is written. */
    long activeBytes() {
        return Math.max(0, activeBytes.getAsLong());
    }

    /** Whether another process has it open: then only later batches tell what is durable. */
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

    /** @throws IllegalArgumentException if the next record has been trimmed */
    SegmentReader reader(long afterSegment, long afterPosition, long afterSequence) {
        return readers.open(afterSegment, afterPosition, afterSequence);
    }

    Optional<WalCheckpoint> newestCheckpoint() {
        return WalCheckpoint.newest(options());
    }

    /** Whether it is still there, and its file has not been taken for a newer one. */
    boolean has(WalCheckpoint checkpoint) {
        return WalCheckpoint.good(options()).stream()
                .anyMatch(there -> there.file().equals(checkpoint.file())
                        && there.sequence() == checkpoint.sequence()
                        && there.createdNanos() == checkpoint.createdNanos()
                        && there.checksum() == checkpoint.checksum());
    }

    private ReadOptions options() {
        return ReadOptions.of(files.storage()).prefix(files.prefix());
    }
}
