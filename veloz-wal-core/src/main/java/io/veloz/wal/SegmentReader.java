package io.veloz.wal;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analyser;
import io.veloz.wal.internal.recovery.Analyser.Depth;
import io.veloz.wal.internal.replay.DurableLimit;
import io.veloz.wal.internal.replay.LogCursor;
import io.veloz.wal.internal.replay.SegmentEnd;
import io.veloz.wal.internal.replay.Start;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the segments of a log as bytes, as far as they are durable, and on as the log grows: for whoever keeps an exact
 * copy. It belongs to one thread at a time, of any kind; an interrupt does not harm it. Like {@link WalReader} it changes
 * nothing and disturbs nobody, in the process of the writer ({@link Wal#segmentReader}) or in another.
 *
 * <p>A step hands out one batch with records, and all bytes of its segment before it that were not handed out yet: in the
 * first step of a segment its header. Every checksum was checked. Before the first step of a segment there is one more, if
 * batches without records stand behind the last record of the segment before: a copy without them would not join, because
 * every segment states how the one before it ended. In that step {@link #firstSequence} is that of the next record, and
 * {@link #lastSequence} is one less. The footer comes with the sealed file: {@link LogFiles#sealed}.
 */
public final class SegmentReader implements AutoCloseable {
    private final LogCursor cursor;
    private final LogFiles files;
    private final long fromSequence;
    private long segment;
    private long position;
    private long endPosition;

    /** The end of the segment before the one that the cursor stands in, while it is handed out. */
    private @Nullable SegmentEnd end;

    /**
     * Opens a log for reading.
     *
     * @param afterSegment the segment that the copy ends in; 0 if the copy is empty
     * @param afterPosition where in it the copy ends
     * @param afterSequence the last record that the copy has
     * @throws WalOpenException if there is no such directory, or it cannot be read
     * @throws WalVersionException if the log is in a format that this version does not know
     * @throws WalCorruptException if it is damaged before the first record to be read
     * @throws IllegalArgumentException if the record after that has been trimmed
     */
    public static SegmentReader open(LogFiles files, long afterSegment, long afterPosition, long afterSequence) {
        DurableLimit.WriterProbe probe = files::isLocked;
        return open(files, DurableLimit.ofPromises(probe), probe, afterSegment, afterPosition, afterSequence);
    }

    static SegmentReader open(
            LogFiles files,
            DurableLimit limit,
            DurableLimit.WriterProbe writerLives,
            long afterSegment,
            long afterPosition,
            long afterSequence) {
        Storage storage = files.storage();
        SegmentNames names = new SegmentNames(files.prefix());
        try {
            LogFiles.checkNoRestore(storage, names);
            return BesideWriter.look(
                    storage,
                    writerLives,
                    live -> new Analyser(storage, names, Depth.OUTLINE, false, live).analyse(),
                    analysis -> {
                        // 0 is the oldest record, whatever its sequence is.
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
     * Steps on to the next batch with records, or to what stands behind the last one of a segment.
     *
     * @return false if there is none at the moment. Call again later: the log may have grown
     * @throws WalTrimmedException if the next batch was trimmed since the last step
     * @throws WalCorruptException if the next batch is damaged or missing, or does not follow where the copy ends
     * @throws IOException if the log cannot be read; this may be tried again
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
                    "the batch starts here; expected it behind segment " + segment + ", position " + endPosition);
        }
        position = sameSegment ? endPosition : 0;
        segment = cursor.segment();
        endPosition = batchPosition + batch.length;
    }

    /** The number of the segment that the bytes belong to. */
    public long segment() {
        return segment;
    }

    /** Where in the segment the bytes begin. */
    public long position() {
        return position;
    }

    /** Where in the segment they end, with a whole batch. */
    public long endPosition() {
        return endPosition;
    }

    /** How many bytes they are: the largest batch and a header at most, with what little may stand between. */
    public long bytes() {
        return endPosition - position;
    }

    /** Of the batch's first record. */
    public long firstSequence() {
        return cursor.header().firstSequence;
    }

    /** Of the batch's last record. */
    public long lastSequence() {
        return end == null ? cursor.header().lastSequence() : cursor.header().firstSequence - 1;
    }

    /** When the batch was written, in nanoseconds since 1970. */
    public long writtenNanos() {
        return cursor.header().wallNanos;
    }

    /** Copies bytes of the current segment; as many as the target has room for. */
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
