package io.veloz.wal.internal.replay;

import io.veloz.wal.internal.segment.BatchScanner;
import java.io.IOException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Up to where a reader may show records: what is known to be durable. It belongs to one thread.
 *
 * <p>In the process of the writer it asks the writer. Beside a writer in another process it believes the durable sequence
 * that later batches state. Without a writer every whole batch counts: recovery will keep it.
 */
public final class DurableLimit {
    private final @Nullable LongSupplier durableSequence;
    private final WriterProbe writerLives;
    private long promised;

    /** Whether anybody has the log open for writing. */
    @FunctionalInterface
    public interface WriterProbe {
        boolean lives() throws IOException;
    }

    private DurableLimit(@Nullable LongSupplier durableSequence, WriterProbe writerLives) {
        this.durableSequence = durableSequence;
        this.writerLives = writerLives;
    }

    /** In the writer's process. */
    public static DurableLimit of(LongSupplier durableSequence, WriterProbe writerLives) {
        return new DurableLimit(durableSequence, writerLives);
    }

    /** In another process, or without a writer. */
    public static DurableLimit ofPromises(WriterProbe writerLives) {
        return new DurableLimit(null, writerLives);
    }

    /** Whether news can only be found by looking at the files. */
    boolean looksAtFiles() {
        return durableSequence == null;
    }

    boolean isLive() throws IOException {
        return writerLives.lives();
    }

    /** Whether it is worth to look for a record: false only if it is known not to be durable yet. */
    boolean mayAllow(long sequence) {
        return durableSequence == null || durableSequence.getAsLong() >= sequence;
    }

    /** Whether a record is known to be durable without a look at the files. */
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
        if (promised >= sequence || segment.abandoned) {
            return true;
        }
        lookAhead(sequence, segment, cursor);
        if (promised >= sequence) {
            return true;
        }
        // The batch is whole, and no batch after it was promised yet. Without a writer the next recovery keeps it, also
        // if
        // the writer has ended since the batches ahead were read.
        segment.abandoned = !isLive();
        return segment.abandoned;
    }

    private void lookAhead(long sequence, OpenSegment segment, LogCursor cursor) throws IOException {
        BatchScanner ahead = ahead(segment);
        BatchScanner.Found found = BatchScanner.Found.BATCH;
        while (promised < sequence && found == BatchScanner.Found.BATCH) {
            found = ahead.next();
            if (found == BatchScanner.Found.BATCH) {
                promised(ahead.header().durableSequence);
            } else if (found == BatchScanner.Found.FOOTER) {
                // It is written when everything before it is on disk.
                promised(ahead.nextSequence() - 1);
            }
        }
        if (promised >= sequence) {
            return;
        }
        // What ends the batches here may have been read before the next one was written.
        ahead.refresh();
        lookIntoNext(segment, cursor);
    }

    /** Kept with the segment, so that each byte is read ahead once, however many batches there are. */
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

    private void lookIntoNext(OpenSegment segment, LogCursor cursor) throws IOException {
        long number = segment.header.number() + 1;
        try (@Nullable OpenSegment next = OpenSegment.find(cursor.storage(), cursor.names(), cursor.logId(), number)) {
            OpenSegment.@Nullable Opening opening = next == null ? null : next.opening();
            if (opening != null) {
                promised(opening.durableSequence());
            } else if (next == null) {
                // If it was trimmed, all records before the trim mark were durable.
                promised(cursor.firstAfterTrimOf(number) - 1);
            }
        }
    }
}
