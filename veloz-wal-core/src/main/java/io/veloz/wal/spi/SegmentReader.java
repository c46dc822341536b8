package io.veloz.wal.spi;

import io.veloz.wal.Wal;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalTrimmedException;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analyser;
import io.veloz.wal.internal.recovery.Analyser.Depth;
import io.veloz.wal.internal.replay.ConcurrentInspection;
import io.veloz.wal.internal.replay.DurableLimit;
import io.veloz.wal.internal.replay.LogCursor;
import io.veloz.wal.internal.replay.SegmentEnd;
import io.veloz.wal.internal.replay.Start;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the durable bytes of a log's segments, and continues as the log grows: for tools that keep an exact copy. It
 * belongs to one thread at a time, platform or virtual, and an interrupt does not harm it. Like {@link WalReader} it
 * changes nothing and does not disturb a writer, in the same process ({@link Wal#segmentReader}) or in another.
 *
 * <p>Each step returns one batch with records, together with all bytes of its segment before it that were not returned
 * yet; in the first step of a segment these include the header. Every checksum has been verified. If batches without
 * records follow the last record of a segment, there is an additional step for them before the first step of the next
 * segment. A copy needs them, because every segment states how the previous one ended. In that step {@link
 * #firstSequence} is the sequence of the next record, and {@link #lastSequence} is one less. The footer is in the
 * sealed file only: {@link LogFiles#sealed}.
 */
public final class SegmentReader implements AutoCloseable {
    private final LogCursor cursor;
    private final LogFiles files;
    private final long fromSequence;
    private long segment;
    private long position;
    private long endPosition;

    /** The end of the segment before the cursor's one, during the step that returns it. */
    private @Nullable SegmentEnd end;

    /**
     * Opens a log whose writer, if there is one, may be in another process.
     *
     * @param afterSegment the segment that the copy ends in; 0 if the copy is empty
     * @param afterPosition the position in that segment where the copy ends
     * @param afterSequence the last record of the copy
     * @throws WalOpenException if the directory does not exist or cannot be read, or a restore into it has not ended
     * @throws WalVersionException if the log is in a format that this version does not know
     * @throws WalCorruptException if the log is damaged before the first record to be read
     * @throws WalTrimmedException if the record after {@code afterSequence} has been trimmed
     */
    public static SegmentReader open(LogFiles files, long afterSegment, long afterPosition, long afterSequence) {
        DurableLimit.WriterProbe probe = files::isLocked;
        return open(files, DurableLimit.ofPromises(probe), probe, afterSegment, afterPosition, afterSequence);
    }

    /**
     * Opens a log whose writer is in this process: see {@link Wal#segmentReader}.
     *
     * @param durableSequence returns the last durable record; any thread may call it
     * @param writerIsOpen returns whether the writer may still append; any thread may call it
     */
    public static SegmentReader open(
            LogFiles files,
            LongSupplier durableSequence,
            BooleanSupplier writerIsOpen,
            long afterSegment,
            long afterPosition,
            long afterSequence) {
        DurableLimit.WriterProbe probe = writerIsOpen::getAsBoolean;
        return open(files, DurableLimit.of(durableSequence, probe), probe, afterSegment, afterPosition, afterSequence);
    }

    private static SegmentReader open(
            LogFiles files,
            DurableLimit limit,
            DurableLimit.WriterProbe writerLives,
            long afterSegment,
            long afterPosition,
            long afterSequence) {
        Storage storage = files.storage();
        SegmentNames names = new SegmentNames(files.prefix());
        try {
            files.checkNoRestore();
            return ConcurrentInspection.run(
                    storage,
                    writerLives,
                    live -> new Analyser(storage, names, Depth.OUTLINE, false, live).analyse(),
                    analysis -> {
                        // 0 means the oldest record, even if the log has been trimmed.
                        long first = afterSequence == 0 ? 0 : afterSequence + 1;
                        LogCursor cursor = Start.at(analysis, storage, names, first, Long.MIN_VALUE, false)
                                .open(limit);
                        return new SegmentReader(cursor, files, first, afterSegment, afterPosition);
                    });
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + storage.describe() + ": " + e, e);
        }
    }

    private SegmentReader(LogCursor cursor, LogFiles files, long fromSequence, long segment, long endPosition) {
        this.cursor = cursor;
        this.files = files;
        this.fromSequence = fromSequence;
        this.segment = segment;
        this.endPosition = endPosition;
    }

    /**
     * Steps to the next batch with records, or to the batches without records at the end of a segment.
     *
     * @return false if there is no such batch yet. Call again later, as the log may have grown
     * @throws WalTrimmedException if the next batch was trimmed after the previous step
     * @throws WalCorruptException if the next batch is damaged or missing, or does not follow the end of the copy
     * @throws IOException if the log cannot be read; the call may be repeated
     */
    public boolean next() throws IOException {
        if (end != null) {
            end.close();
            end = null;
            stepTo(cursor.header());
            return true;
        }
        while (cursor.next()) {
            BatchHeader batch = cursor.header();
            if (batch.lastSequence() < fromSequence) {
                continue;
            }
            if (cursor.segment() > segment && segment > 0) {
                end = cursor.endBefore(segment, endPosition);
            }
            if (end == null) {
                stepTo(batch);
            } else {
                position = endPosition;
                endPosition = end.position();
            }
            return true;
        }
        return false;
    }

    private void stepTo(BatchHeader batch) {
        long batchPosition = cursor.batch().position();
        boolean sameSegment = cursor.segment() == segment;
        if (sameSegment ? batchPosition < endPosition : cursor.segment() < segment) {
            throw new WalCorruptException(
                    files.storage().describe() + "/" + files.sealedName(cursor.segment()),
                    batchPosition,
                    batch.firstSequence,
                    batch.lastSequence(),
                    "the batch starts here; expected it after segment " + segment + ", position " + endPosition);
        }
        position = sameSegment ? endPosition : 0;
        segment = cursor.segment();
        endPosition = batchPosition + batch.length;
    }

    /** Returns the number of the segment that the bytes belong to. */
    public long segment() {
        return segment;
    }

    /** Returns the position in the segment where the bytes begin. */
    public long position() {
        return position;
    }

    /** Returns the position in the segment where the bytes end, at the end of a batch. */
    public long endPosition() {
        return endPosition;
    }

    /**
     * Returns the number of bytes: at most a segment header and the largest batch, and batches without records between.
     */
    public long bytes() {
        return endPosition - position;
    }

    /** Returns the sequence of the first record in the batch. */
    public long firstSequence() {
        return cursor.header().firstSequence;
    }

    /** Returns the sequence of the last record in the batch. */
    public long lastSequence() {
        return end == null ? cursor.header().lastSequence() : cursor.header().firstSequence - 1;
    }

    /** Reads bytes of the current segment from a position, until the target is full. */
    public void read(ByteBuffer target, long fromPosition) throws IOException {
        int wanted = target.remaining();
        int got = end == null ? cursor.readRaw(target, fromPosition) : end.read(target, fromPosition);
        if (got < wanted) {
            throw new IOException(cursor + " has " + got + " bytes at " + fromPosition + "; expected " + wanted);
        }
    }

    /** Closes the files. */
    @Override
    public void close() {
        try {
            if (end != null) {
                end.close();
            }
            cursor.close();
        } catch (IOException e) {
            throw new UncheckedIOException("closing " + cursor, e);
        }
    }
}
