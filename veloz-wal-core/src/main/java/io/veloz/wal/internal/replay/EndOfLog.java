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
 * A fingerprint of the end of a log, which lets a polling reader detect with less than a page of reads that nothing has
 * changed. Confined to one thread.
 *
 * <p>The fingerprint covers whether a writer is alive, the bytes at the position of the next batch, and the header and
 * first batch of every file that may become, replace or follow the segment. Every visible action of a writer changes
 * one of them: an append, a heartbeat, a roll, a trim, the end of a writer, and the recovery by the next one.
 */
final class EndOfLog {
    private static final int SEGMENT_HEAD_BYTES = 64;
    private static final int OPENING_BYTES = BatchHeader.BYTES + Predecessor.BYTES;
    private static final int PLACES_BYTES = 2 * (1 + BatchHeader.BYTES);
    private static final int BYTES = 1024;

    /**
     * The fingerprint of the last full check if it found nothing to read; null if the next check has to be a full one.
     */
    private @Nullable ByteBuffer settled;

    /**
     * The fingerprint of the current check. It is taken before the files are read, so that a concurrent change is
     * detected by the next check.
     */
    private @Nullable ByteBuffer seen;

    private boolean reached;

    /** Returns whether nothing has changed since a full check found nothing. */
    boolean isUnchanged(LogCursor cursor, OpenSegment segment) throws IOException {
        if (!reached) {
            return false;
        }
        seen = fingerprint(cursor, segment);
        return seen.equals(settled);
    }

    /** Returns false if a full check found nothing, and the places of the next batches have not changed since. */
    boolean hasGrown(OpenSegment segment) throws IOException {
        if (settled == null) {
            return true;
        }
        ByteBuffer places = ByteBuffer.allocate(PLACES_BYTES);
        appendPlaces(places, segment);
        places.flip();
        int different = settled.slice(1, settled.limit() - 1).mismatch(places);
        return different >= 0 && different < places.limit();
    }

    /** A full check has found something to read, or has to be repeated. */
    void moved() {
        reached = false;
        seen = null;
        settled = null;
    }

    /** A full check has found nothing. */
    void reached() {
        reached = true;
        settled = seen;
        seen = null;
    }

    private static ByteBuffer fingerprint(LogCursor cursor, OpenSegment segment) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        bytes.put((byte) (cursor.isLive() ? 1 : 0));
        appendPlaces(bytes, segment);
        long number = segment.header.number();
        Storage storage = cursor.start.storage;
        for (String name : List.of(
                cursor.start.names.sealed(number),
                cursor.start.names.sealed(number + 1),
                cursor.start.names.prepared(),
                cursor.start.names.current())) {
            try (StorageFile file = storage.openForReading(name)) {
                append(bytes, file, 0, SEGMENT_HEAD_BYTES);
                append(bytes, file, SegmentHeader.BYTES, OPENING_BYTES);
            } catch (NoSuchFileException e) {
                bytes.put((byte) -1);
            }
        }
        return bytes.flip();
    }

    private static void appendPlaces(ByteBuffer bytes, OpenSegment segment) throws IOException {
        append(bytes, segment.file, segment.scanner.nextPosition(), BatchHeader.BYTES);
        if (segment.ahead != null) {
            append(bytes, segment.file, segment.ahead.nextPosition(), BatchHeader.BYTES);
        }
    }

    private static void append(ByteBuffer bytes, StorageFile file, long position, int count) throws IOException {
        ByteBuffer part = bytes.slice(bytes.position() + 1, count);
        int available = file.readFully(part, position);
        bytes.put((byte) available).position(bytes.position() + available);
    }
}
