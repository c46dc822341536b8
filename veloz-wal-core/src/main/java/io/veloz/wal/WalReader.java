package io.veloz.wal;

import io.veloz.wal.internal.EpochNanos;
import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analyser;
import io.veloz.wal.internal.recovery.Analyser.Depth;
import io.veloz.wal.internal.replay.ConcurrentInspection;
import io.veloz.wal.internal.replay.DurableLimit;
import io.veloz.wal.internal.replay.LogCursor;
import io.veloz.wal.internal.replay.Start;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.ReportedStorage;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of a log in order, and continues as the log grows. It belongs to one thread at a time, platform or
 * virtual. An interrupt does not harm it.
 *
 * <p>It may be opened at any time, in the process of the writer ({@link Wal#reader}) or in another one. It changes
 * nothing and does not disturb the writer. While a writer has the log open, it returns durable records only. Without a
 * writer, it returns the records of every complete batch, as a recovery would keep them.
 *
 * <p>Memory: a window of the file of 256 KiB, or of the largest batch. Reading a record allocates nothing.
 */
public final class WalReader implements AutoCloseable {
    /** If the writer is not in this process: the first and the longest pause between two reads of the files. */
    private static final long POLL_NANOS = 5_000_000;

    private static final long LONGEST_POLL_NANOS = 50_000_000;

    /** One in this many polls checks all files. The others read the place of the next batch alone. */
    private static final int POLLS_PER_FULL_CHECK = 5;

    /** The writer, if it is in this process. */
    interface Writer {
        long durableSequence();

        /** Waits until the sequence is durable, the timeout has expired, or the thread is interrupted. */
        void awaitDurable(long sequence, long timeoutNanos);
    }

    private final LogCursor cursor;
    private final ReadOptions options;
    private final @Nullable Writer writer;
    private final int largestBatchBytes;
    private ByteBuffer view = ByteBuffer.allocate(0);
    private @Nullable ByteBuffer viewed;
    private long sequence;
    private int index;
    private int count;
    private int at;
    private int nextAt;
    private boolean started;
    private boolean ended;
    private boolean closed;
    private long pauseNanos = POLL_NANOS;

    /** Whether there is a current record, since the last step has found one. */
    private boolean atRecord;

    /**
     * Opens a log for reading.
     *
     * @throws WalOpenException if the directory does not exist or cannot be read, or a restore into it has not ended
     * @throws WalVersionException if the log is in a format that this version does not know
     * @throws WalCorruptException if the log is damaged before the first record to be read, and this is not a salvage
     * @throws WalTrimmedException if the first record to be read has been trimmed
     */
    public static WalReader open(ReadOptions options) {
        Storage storage = options.openStorage();
        SegmentNames names = new SegmentNames(options.prefix);
        if (storage instanceof ReportedStorage reported) {
            return open(options, reported, names);
        }
        DurableLimit.WriterProbe probe = () -> storage.isLocked(names.lock());
        return open(options, storage, DurableLimit.ofPromises(probe), probe, null);
    }

    static WalReader open(
            ReadOptions options,
            Storage storage,
            DurableLimit limit,
            DurableLimit.WriterProbe writerLives,
            @Nullable Writer writer) {
        SegmentNames names = new SegmentNames(options.prefix);
        try {
            if (writer == null) {
                // An unfinished restore would read as a shorter log. An open log cannot have one.
                LogFiles.of(storage, options.prefix).checkNoRestore();
            }
            return ConcurrentInspection.run(
                    storage,
                    writerLives,
                    live -> new Analyser(storage, names, Depth.OUTLINE, options.acceptMissingEnds, live).analyse(),
                    analysis -> {
                        LogCursor cursor = Start.at(
                                        analysis,
                                        storage,
                                        names,
                                        options.fromSequence,
                                        options.fromTimeNanos,
                                        options.salvage)
                                .open(limit);
                        return new WalReader(cursor, options, writer, analysis.largestBatchBytes());
                    });
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + storage.describe() + ": " + e, e);
        }
    }

    /** All records in a report are durable, and no writer appends to such a storage. */
    private static WalReader open(ReadOptions options, ReportedStorage storage, SegmentNames names) {
        Start start = Start.at(
                storage.report(), storage, names, options.fromSequence, options.fromTimeNanos, options.salvage);
        try {
            LogCursor cursor = start.open(DurableLimit.of(() -> Long.MAX_VALUE, () -> false));
            if (start.requiresSegment() && !cursor.isAtSegment()) {
                throw storage.explain(start.missing());
            }
            return new WalReader(cursor, options, null, cursor.largestBatchBytes());
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + storage.describe() + ": " + e, e);
        }
    }

    private WalReader(LogCursor cursor, ReadOptions options, @Nullable Writer writer, int largestBatchBytes) {
        this.largestBatchBytes = largestBatchBytes;
        this.cursor = cursor;
        this.options = options;
        this.writer = writer;
    }

    /**
     * Steps to the next record.
     *
     * @return false if there is no next record yet. Call again later, as the log may have grown
     * @throws WalTrimmedException if the next record was trimmed after the previous step, also in a salvage. Every later
     *     call throws it as well
     * @throws WalCorruptException if the next record is damaged or missing, and this is not a salvage
     * @throws UncheckedIOException if a file cannot be read. This is never treated as the end of the log
     */
    public boolean next() {
        if (closed) {
            throw new IllegalStateException("the reader is closed");
        }
        atRecord = false;
        try {
            // The record after the last one need not exist, and finding it may be expensive.
            ended |= sequence >= options.untilSequence;
            while (!ended && step()) {
                if (sequence > options.untilSequence || timestampAt() > options.untilTimeNanos) {
                    ended = true;
                    return false;
                }
                started |= sequence >= options.fromSequence && timestampAt() >= options.fromTimeNanos;
                if (started) {
                    atRecord = true;
                    return true;
                }
            }
            return false;
        } catch (WalCorruptException e) {
            throw options.storage instanceof ReportedStorage reported ? reported.explain(e) : e;
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + cursor + " after record " + sequence, e);
        }
    }

    /**
     * Steps to the next record, and waits for it up to a timeout.
     *
     * <p>If the writer is in this process, the thread sleeps until a record is durable. Otherwise this polls: every 5 ms at
     * first, and up to every 50 ms after some time without a record, it reads the place of the next batch. Every fifth time it
     * also looks for other files, which is how it notices the first record after a roll and the next writer. It reads less than
     * a page.
     *
     * @return false if no record became durable before the timeout, the thread was interrupted, or the reader has reached its
     *     end
     */
    public boolean next(Duration timeout) {
        long nanos = Reading.nanos(timeout);
        long deadline = System.nanoTime() + nanos;
        for (int polls = 0; ; polls++) {
            // Read before next(), so that the wait below does not miss a record that becomes durable between the two.
            long durable = writer == null ? 0 : writer.durableSequence();
            long left = deadline - System.nanoTime();
            boolean last = left <= 0 || Thread.currentThread().isInterrupted();
            if ((writer != null || last || polls % POLLS_PER_FULL_CHECK == 0 || hasGrown()) && next()) {
                pauseNanos = POLL_NANOS;
                return true;
            }
            if (ended || last) {
                return false;
            }
            if (writer == null) {
                LockSupport.parkNanos(this, Math.min(left, pauseNanos));
                pauseNanos = Math.min(LONGEST_POLL_NANOS, pauseNanos + pauseNanos / 4);
            } else {
                writer.awaitDurable(durable + 1, left);
            }
        }
    }

    private boolean hasGrown() {
        try {
            return cursor.hasGrown();
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + cursor + " after record " + sequence, e);
        }
    }

    private boolean step() throws IOException {
        while (true) {
            if (index == count) {
                if (!cursor.next()) {
                    return false;
                }
                BatchHeader batch = cursor.header();
                index = 0;
                count = batch.recordCount;
                sequence = batch.firstSequence - 1;
                nextAt = cursor.batch().recordsAt();
            }
            at = nextAt;
            sequence++;
            boolean readable = cursor.isReadable(index++);
            if (readable) {
                nextAt = at + RecordLayout.size(RecordLayout.payloadBytes(buffer(), at));
                return true;
            }
            stepOverUnreadable();
        }
    }

    /** Skips an unreadable record. If its length is invalid, no later record of the batch can be found. */
    private void stepOverUnreadable() {
        int end = cursor.batch().recordsAt() - cursor.header().recordsAt() + cursor.header().length;
        if (RecordLayout.fits(buffer(), at, end)) {
            nextAt = at + RecordLayout.size(RecordLayout.payloadBytes(buffer(), at));
        } else {
            sequence = cursor.header().lastSequence();
            index = count;
        }
    }

    private ByteBuffer buffer() {
        return cursor.batch().buffer();
    }

    private long timestampAt() {
        return RecordLayout.timestampNanos(buffer(), at);
    }

    /** Returns the buffer with the current record. Without this check it could have the bytes of another one. */
    private ByteBuffer current() {
        if (!atRecord) {
            throw new IllegalStateException(
                    closed
                            ? "the reader is closed"
                            : "the reader is not at a record: the last step has to return true");
        }
        return buffer();
    }

    /** Returns the sequence of the current record, or of the last one that was read. */
    public long sequence() {
        return sequence;
    }

    /** Returns the type of the current record, which is the number that was passed to the append. */
    public int type() {
        return RecordLayout.type(current(), at);
    }

    /** Returns the timestamp of the current record, in nanoseconds since 1970. */
    public long timestampNanos() {
        return RecordLayout.timestampNanos(current(), at);
    }

    /** Returns the timestamp of the current record. Unlike {@link #timestampNanos()} it allocates an object. */
    public Instant timestamp() {
        return EpochNanos.toInstant(timestampNanos());
    }

    /** Returns whether the next record belongs to the same atomic group. */
    public boolean groupContinues() {
        return RecordLayout.groupContinues(current(), at);
    }

    /**
     * Returns the payload of the current record: a read-only buffer that is valid until the next step and then reused.
     *
     * @throws IllegalStateException if the reader is not at a record: before the first step, after one that returned false,
     *     or after {@link #close}
     */
    @SuppressWarnings("ReferenceEquality") // whether it is the same buffer, not one with the same bytes
    public ByteBuffer payload() {
        ByteBuffer buffer = current();
        if (viewed != buffer) {
            viewed = buffer;
            view = buffer.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }
        int from = at + RecordLayout.HEADER_BYTES;
        view.clear().limit(from + RecordLayout.payloadBytes(buffer, at)).position(from);
        return view;
    }

    /** Returns the bytes of the current record in a file, with its header. */
    int recordBytes() {
        return RecordLayout.size(RecordLayout.payloadBytes(buffer(), at));
    }

    /** Returns the largest batch that the segments of the log allow. */
    int largestBatchBytes() {
        return largestBatchBytes;
    }

    /** Returns the lost records before the current position: declared losses, and in a salvage the skipped ranges. */
    public List<LostRange> lost() {
        return List.copyOf(cursor.lost());
    }

    /**
     * Returns whether the log ended with bytes that were never acknowledged, because its writer died while writing
     * them.
     */
    public boolean hasTornTail() {
        return cursor.hasTornTail();
    }

    /** Closes the files. Later steps, and calls for the current record, throw {@link IllegalStateException}. */
    @Override
    public void close() {
        closed = true;
        atRecord = false;
        try {
            cursor.close();
        } catch (IOException e) {
            throw new UncheckedIOException("closing " + cursor, e);
        }
    }

    @Override
    public String toString() {
        return "WalReader[sequence=" + sequence + ", closed=" + closed + ", options=" + options + "]";
    }
}
