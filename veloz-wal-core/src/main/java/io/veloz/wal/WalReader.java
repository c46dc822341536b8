package io.veloz.wal;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analyser;
import io.veloz.wal.internal.recovery.Analyser.Depth;
import io.veloz.wal.internal.replay.DurableLimit;
import io.veloz.wal.internal.replay.LogCursor;
import io.veloz.wal.internal.replay.Start;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of a log in order, and goes on as the log grows. It belongs to one thread at a time, of any kind; an
 * interrupt does not harm it.
 *
 * <p>It may be opened at any time, in the process of the writer ({@link Wal#reader}) or in another: it changes nothing
 * and disturbs nobody. Beside a writer it shows only what is durable. Without one, every whole batch counts.
 *
 * <p>Memory: a window of the file, 256 KiB or the largest batch. Nothing is allocated for a record.
 */
public final class WalReader implements AutoCloseable {
    /** Without a writer in this process: the pause before the first look at the files, and the longest one after many. */
    private static final long POLL_NANOS = 5_000_000;

    private static final long LONGEST_POLL_NANOS = 50_000_000;

    /** After so long a waiting reader looks whether it was interrupted. */
    private static final long LONGEST_WAIT_NANOS = 100_000_000;

    /** The writer, if it is in this process. */
    interface Writer {
        long durableSequence();

        /** Returns when that sequence is durable, or the time is over, or the writer has ended. */
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

    /**
     * Opens a log for reading.
     *
     * @throws WalOpenException if there is no such directory, or it cannot be read, or a restore into it has not ended
     * @throws WalVersionException if the log is in a format that this version does not know
     * @throws WalCorruptException if it is damaged before the first record to be read, and this is no salvage
     * @throws IllegalArgumentException if the first record to be read has been trimmed
     */
    public static WalReader open(ReadOptions options) {
        Storage storage = options.openStorage();
        SegmentNames names = new SegmentNames(options.prefix);
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
                // An unfinished restore would read as a shorter log. A log that is open has none.
                LogFiles.checkNoRestore(storage, names);
            }
            return BesideWriter.look(
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

    private WalReader(LogCursor cursor, ReadOptions options, @Nullable Writer writer, int largestBatchBytes) {
        this.largestBatchBytes = largestBatchBytes;
        this.cursor = cursor;
        this.options = options;
        this.writer = writer;
    }

    /**
     * Steps on to the next record.
     *
     * @return false if there is none at the moment. Call again later: the log may have grown
     * @throws WalTrimmedException if the next record was trimmed since the last step, in a salvage too; every later call
     *     throws it as well
     * @throws WalCorruptException if the next record is damaged or missing, and this is no salvage
     * @throws UncheckedIOException if a file cannot be read. That is never taken for the end of the log
     */
    public boolean next() {
        if (closed) {
            throw new IllegalStateException("the reader is closed");
        }
        try {
            while (!ended && step()) {
                if (sequence > options.untilSequence || timestampNanos() > options.untilTimeNanos) {
                    ended = true;
                    return false;
                }
                started |= sequence >= options.fromSequence && timestampNanos() >= options.fromTimeNanos;
                if (started) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + cursor + " after record " + sequence, e);
        }
    }

    /**
     * Steps on to the next record, and waits for it if need be.
     *
     * <p>Without a writer in this process it looks at the files: every 5 ms at first, and every 50 ms when a while has passed
     * without a record. A look that finds nothing new reads less than a page.
     *
     * @return false if none became durable in that time, the thread was interrupted, or the reader has reached its end
     */
    public boolean next(Duration timeout) {
        long nanos = Reading.nanos(timeout);
        long deadline = System.nanoTime() + nanos;
        for (long pause = POLL_NANOS; ; pause = Math.min(LONGEST_POLL_NANOS, pause + pause / 4)) {
            // Asked first: what becomes durable after the look is waited for, not missed.
            long durable = writer == null ? 0 : writer.durableSequence();
            if (next()) {
                return true;
            }
            long left = deadline - System.nanoTime();
            if (ended || left <= 0 || Thread.currentThread().isInterrupted()) {
                return false;
            }
            if (writer == null) {
                LockSupport.parkNanos(this, Math.min(left, pause));
            } else {
                writer.awaitDurable(durable + 1, Math.min(left, LONGEST_WAIT_NANOS));
            }
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

    /** The length of an unreadable record cannot always be believed; behind it nothing is readable then. */
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

    /** Of the current record. */
    public long sequence() {
        return sequence;
    }

    /** Of the current record: the number that was given to the append. */
    public int type() {
        return RecordLayout.type(buffer(), at);
    }

    /** Of the current record, in nanoseconds since 1970. */
    public long timestampNanos() {
        return RecordLayout.timestampNanos(buffer(), at);
    }

    /** Whether the next record belongs to the same atomic group. */
    public boolean groupContinues() {
        return RecordLayout.groupContinues(buffer(), at);
    }

    /** The bytes of the current record, read-only; valid until the next step, always the same object. */
    @SuppressWarnings("ReferenceEquality") // whether it is the same buffer, not one with the same bytes
    public ByteBuffer payload() {
        ByteBuffer buffer = buffer();
        if (viewed != buffer) {
            viewed = buffer;
            view = buffer.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }
        int from = at + RecordLayout.HEADER_BYTES;
        view.clear().limit(from + RecordLayout.payloadBytes(buffer, at)).position(from);
        return view;
    }

    /** What the current record takes in a file, with its head. */
    int recordBytes() {
        return RecordLayout.size(RecordLayout.payloadBytes(buffer(), at));
    }

    /** The largest batch that the log's segments allow. */
    int largestBatchBytes() {
        return largestBatchBytes;
    }

    /** What is known to be lost up to here: declared losses, and in a salvage everything that was stepped over. */
    public List<LostRange> lost() {
        return List.copyOf(cursor.lost());
    }

    /** Whether the log ended with bytes that were never acknowledged: its writer died while it wrote. */
    public boolean hasTornTail() {
        return cursor.hasTornTail();
    }

    /** Closes the files. Any later call but this one throws {@link IllegalStateException}. */
    @Override
    public void close() {
        closed = true;
        try {
            cursor.close();
        } catch (IOException e) {
            throw new UncheckedIOException("closing " + cursor, e);
        }
    }
}
