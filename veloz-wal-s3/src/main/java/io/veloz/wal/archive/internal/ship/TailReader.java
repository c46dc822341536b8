package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.spi.SegmentReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Reads the durable bytes behind what is archived, a piece of one segment at a time. It belongs to one thread. */
final class TailReader implements AutoCloseable {
    private final LocalLog log;
    private @Nullable SegmentReader reader;
    private @Nullable Archived next;

    /** Whether the reader stands on a batch that is in no piece yet. */
    private boolean waiting;

    private boolean atEnd;

    TailReader(LocalLog log) {
        this.log = log;
    }

    /** Bytes of a segment that end with a whole batch. */
    static final class Piece {
        private final Tail tail;
        private final byte[] content;

        Piece(Tail tail, byte[] content) {
            this.tail = tail;
            this.content = content;
        }

        Tail tail() {
            return tail;
        }

        /** Not a copy. */
        byte[] content() {
            return content;
        }

        Archived end() {
            return new Archived(tail.segment(), tail.endPosition(), tail.lastSequence());
        }
    }

    /**
     * The piece that follows; null if nothing more is durable.
     *
     * @param maxBytes it is no longer, unless its only batch is
     * @throws IllegalArgumentException if the next record has been trimmed
     * @throws io.veloz.wal.WalTrimmedException if it was trimmed since the last piece
     */
    @Nullable
    Piece next(Archived after, int maxBytes) throws IOException {
        boolean whole = false;
        try {
            Piece piece = read(after, maxBytes);
            whole = true;
            return piece;
        } finally {
            if (!whole) {
                close();
            }
        }
    }

    /** Whether the last piece went as far as the log is durable. */
    boolean atEnd() {
        return atEnd;
    }

    private @Nullable Piece read(Archived after, int maxBytes) throws IOException {
        // The position counts, too: behind a segment that was committed as a whole its last bytes must not come again.
        if (reader == null || !after.equals(next)) {
            close();
            reader = log.reader(after.segment(), after.position(), after.sequence());
            next = after;
        }
        SegmentReader from = reader;
        atEnd = !waiting && !step(from);
        if (atEnd) {
            return null;
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream((int) from.bytes());
        long segment = from.segment();
        long position = from.position();
        long first = from.firstSequence();
        long end;
        long last;
        do {
            ByteBuffer bytes = ByteBuffer.allocate((int) from.bytes());
            from.read(bytes, from.position());
            content.write(bytes.array(), 0, bytes.capacity());
            end = from.endPosition();
            last = from.lastSequence();
            atEnd = !step(from);
            waiting = !atEnd;
        } while (waiting && from.segment() == segment && from.endPosition() - position <= maxBytes);
        byte[] bytes = content.toByteArray();
        next = new Archived(segment, end, last);
        return new Piece(new Tail(segment, position, end, first, last, Digest.of(bytes)), bytes);
    }

    /** Asked twice: at the end of a log the first answer may rest on bytes that were read before it grew. */
    private static boolean step(SegmentReader reader) throws IOException {
        if (reader.next()) {
            return true;
        }
        return reader.next();
    }

    @Override
    public void close() {
        waiting = false;
        next = null;
        if (reader != null) {
            SegmentReader old = reader;
            reader = null;
            old.close();
        }
    }
}
