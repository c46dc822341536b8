package io.veloz.wal.internal.replay;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a reader at the end of a log waits for, as a few bytes: as long as they stay the same there is nothing new to read.
 * A look takes less than a page. It belongs to one thread.
 *
 * <p>They are whether a writer lives; what stands where the next batch will; and of each file that may become, replace or
 * follow the segment, which one it is and how its first batch begins. Whatever a writer does that a reader can see, an append,
 * a heartbeat, a roll, a trim, the end of one writer and the recovery by the next, changes one of them.
 */
final class EndOfLog {
    private static final int SEGMENT_HEAD_BYTES = 64;
    private static final int OPENING_BYTES = BatchHeader.BYTES + Predecessor.BYTES;
    private static final int BYTES = 1024;

    /** What the last look saw if it found nothing to read; null if the next one has to be thorough. */
    private @Nullable ByteBuffer settled;

    /** What this look sees, taken before the files are read: what changes meanwhile is seen by the next. */
    private @Nullable ByteBuffer seen;

    private boolean reached;

    /** Whether nothing has changed since a thorough look found nothing. */
    boolean isAsItWas(LogCursor cursor, OpenSegment segment) throws IOException {
        if (!reached) {
            return false;
        }
        seen = look(cursor, segment);
        return seen.equals(settled);
    }

    /** A thorough look has found something to read, or is to be repeated. */
    void moved() {
        reached = false;
        seen = null;
        settled = null;
    }

    /** A thorough look has found nothing. */
    void reached() {
        reached = true;
        settled = seen;
        seen = null;
    }

    private static ByteBuffer look(LogCursor cursor, OpenSegment segment) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        bytes.put((byte) (cursor.isLive() ? 1 : 0));
        append(bytes, segment.file, segment.scanner.nextPosition(), BatchHeader.BYTES);
        if (segment.ahead != null) {
            append(bytes, segment.file, segment.ahead.nextPosition(), BatchHeader.BYTES);
        }
        long number = segment.header.number();
        Storage storage = cursor.storage();
        for (String name : List.of(
                cursor.names().sealed(number),
                cursor.names().sealed(number + 1),
                cursor.names().prepared(),
                cursor.names().current())) {
            try (StorageFile file = storage.openForReading(name)) {
                append(bytes, file, 0, SEGMENT_HEAD_BYTES);
                append(bytes, file, SegmentHeader.BYTES, OPENING_BYTES);
            } catch (NoSuchFileException e) {
                bytes.put((byte) -1);
            }
        }
        return bytes.flip();
    }

    private static void append(ByteBuffer bytes, StorageFile file, long position, int count) throws IOException {
        ByteBuffer part = bytes.slice(bytes.position() + 1, count);
        int available = file.readFully(part, position);
        bytes.put((byte) available).position(bytes.position() + available);
    }
}
