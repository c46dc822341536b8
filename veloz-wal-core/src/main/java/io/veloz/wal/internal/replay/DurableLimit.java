package io.veloz.wal.internal.replay;

import io.veloz.wal.internal.segment.BatchScanner;
import io.veloz.wal.internal.segment.SegmentOpening;
import java.io.IOException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The limit up to which a reader may return records, which is the last record known to be durable. Confined to
 * one thread.
 *
 * <p>In the process of the writer the limit is the writer's durable sequence. While a writer in another process
 * appends, it is the highest durable sequence stated by later batches. Without a writer every valid batch counts,
 * because recovery will keep it.
 */
public final class DurableLimit {
    private final @Nullable LongSupplier durableSequence;
    private final WriterProbe writer;
    private long promised;

    /** Returns whether a writer has the log open. */
    @FunctionalInterface
    public interface WriterProbe {
        boolean lives() throws IOException;
    }

    private DurableLimit(@Nullable LongSupplier durableSequence, WriterProbe writer) {
        this.durableSequence = durableSequence;
        this.writer = writer;
    }

    /** Creates the limit of a reader in the writer's process. */
    public static DurableLimit of(LongSupplier durableSequence, WriterProbe writer) {
        return new DurableLimit(durableSequence, writer);
    }

    /** Creates the limit of a reader in another process, or without a writer. */
    public static DurableLimit ofPromises(WriterProbe writer) {
        return new DurableLimit(null, writer);
    }

    /** Returns whether new records can be detected only by reading the files. */
    boolean pollsFiles() {
        return durableSequence == null;
    }

    boolean isLive() throws IOException {
        return writer.lives();
    }

    /** Returns false if a record is known not to be durable yet. */
    boolean mayAllow(long sequence) {
        return durableSequence == null || durableSequence.getAsLong() >= sequence;
    }

    /** Returns whether a record is known to be durable without reading the files. */
    boolean knows(long sequence) {
        return durableSequence != null && sequence > 0 && durableSequence.getAsLong() >= sequence;
    }

    void promised(long sequence) {
        promised = Math.max(promised, sequence);
    }

    boolean allows(long sequence, OpenSegment segment, LogCursor cursor) throws IOException {
        if (durableSequence != null) {
            return durableSequence.getAsLong() >= sequence;
        }
        if (promised >= sequence || segment.abandoned || segment.wasSealed()) {
            return true;
        }
        scanAhead(sequence, segment, cursor);
        if (promised >= sequence) {
            return true;
        }
        // The batch is valid, and no later batch promises it. Without a writer the next recovery keeps it, even if the
        // writer ended after the following batches were read.
        segment.abandoned = !isLive();
        return segment.abandoned;
    }

    private void scanAhead(long sequence, OpenSegment segment, LogCursor cursor) throws IOException {
        BatchScanner ahead = ahead(segment);
        BatchScanner.Found found = BatchScanner.Found.BATCH;
        while (promised < sequence && found == BatchScanner.Found.BATCH) {
            found = ahead.next();
            if (found == BatchScanner.Found.BATCH) {
                promised(ahead.header().durableSequence);
            } else if (found == BatchScanner.Found.FOOTER) {
                // The footer is written only after all data before it is durable.
                promised(ahead.nextSequence() - 1);
            }
        }
        if (promised >= sequence) {
            return;
        }
        // The bytes after the last batch may have been read before the next batch was written.
        ahead.refresh();
        readNextOpening(segment, cursor);
    }

    /** Returns the scanner that reads ahead. It is kept with the segment, so that each byte is read ahead only once. */
    private static BatchScanner ahead(OpenSegment segment) {
        BatchScanner ahead = segment.ahead;
        if (ahead == null) {
            ahead = new BatchScanner(segment.file, segment.header);
            segment.ahead = ahead;
        }
        if (ahead.nextPosition() < segment.scanner.nextPosition()) {
            ahead.jumpTo(segment.scanner.nextPosition(), segment.scanner.nextSequence());
        }
        return ahead;
    }

    private void readNextOpening(OpenSegment segment, LogCursor cursor) throws IOException {
        long number = segment.header.number() + 1;
        try (@Nullable OpenSegment next = cursor.find(number)) {
            @Nullable SegmentOpening opening = next == null ? null : next.opening();
            if (opening != null) {
                promised(opening.durableSequence());
            } else if (next == null) {
                // If the next segment was trimmed, all records before the trim mark were durable.
                promised(cursor.firstAfterTrimOf(number) - 1);
            }
        }
    }
}
