package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.spi.SegmentReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Reads the durable bytes after the end of the archive, one piece of a segment at a time. Confined to one thread. */
final class TailReader implements AutoCloseable {
    private final LocalLog log;
    private @Nullable SegmentReader reader;
    private @Nullable Archived next;

    /** Whether the reader is at a batch that no piece contains yet. */
    private boolean pending;

    private boolean atEnd;

    TailReader(LocalLog log) {
        this.log = log;
    }

    /** Bytes of one segment, of whole batches. Immutable. */
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

        /** Returns the bytes, not a copy. */
        byte[] content() {
            return content;
        }

        Archived end() {
            return new Archived(tail.segment(), tail.endPosition(), tail.lastSequence());
        }
    }

    /**
     * Returns the piece after a position; null if no more is durable.
     *
     * @param maxBytes the maximum length, unless a single batch is longer
     * @throws io.veloz.wal.WalTrimmedException if the next record has been trimmed
     * @throws io.veloz.wal.WalTrimmedException if it was trimmed since the last piece
     */
    @Nullable
    Piece next(Archived after, int maxBytes) throws IOException {
        boolean complete = false;
        try {
            Piece piece = read(after, maxBytes);
            complete = true;
            return piece;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    /** Returns whether the last piece ends with the last durable record. */
    boolean atEnd() {
        return atEnd;
    }

    private @Nullable Piece read(Archived after, int maxBytes) throws IOException {
        // Compares the position, too: after a segment was committed
        // as a whole, its last bytes must not be shipped again.
        if (reader == null || !after.equals(next)) {
            close();
            reader = log.reader(after.segment(), after.position(), after.sequence());
            next = after;
        }
        SegmentReader from = reader;
        atEnd = !pending && !step(from);
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
            pending = !atEnd;
        } while (pending && from.segment() == segment && from.endPosition() - position <= maxBytes);
        byte[] bytes = content.toByteArray();
        next = new Archived(segment, end, last);
        return new Piece(new Tail(segment, position, end, first, last, Digest.of(bytes)), bytes);
    }

    /** Tries twice: at the end of a log the first result may come from bytes that were read before the log grew. */
    private static boolean step(SegmentReader reader) throws IOException {
        if (reader.next()) {
            return true;
        }
        return reader.next();
    }

    @Override
    public void close() {
        pending = false;
        next = null;
        if (reader != null) {
            SegmentReader old = reader;
            reader = null;
            old.close();
        }
    }
}
