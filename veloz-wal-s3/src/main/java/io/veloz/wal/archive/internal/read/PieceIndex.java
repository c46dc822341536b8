package io.veloz.wal.archive.internal.read;

import io.veloz.wal.archive.internal.format.Lz4FrameHeader;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Where the pieces of an object begin, as far as it was decoded. An LZ4 frame does not state where its blocks begin, so each
 * piece has to be decoded once before the next one can be found. Thread-safe.
 */
final class PieceIndex {
    private @Nullable Lz4FrameHeader header;
    private long[] stored = new long[8];
    private long[] content = new long[8];

    /** The number of boundaries: piece {@code i} lies between the boundaries {@code i} and {@code i + 1}. */
    private int boundaries;

    synchronized @Nullable Lz4FrameHeader header() {
        return header;
    }

    synchronized void begin(Lz4FrameHeader value) {
        if (boundaries == 0) {
            header = value;
            add(value.bytes(), 0);
        }
    }

    /** Adds the end of a piece. Does nothing if another reader has added it. */
    synchronized void end(int piece, long storedEnd, long contentEnd) {
        if (boundaries == piece + 1) {
            add(storedEnd, contentEnd);
        }
    }

    private void add(long storedAt, long contentAt) {
        if (boundaries == stored.length) {
            stored = Arrays.copyOf(stored, 2 * boundaries);
            content = Arrays.copyOf(content, 2 * boundaries);
        }
        stored[boundaries] = storedAt;
        content[boundaries] = contentAt;
        boundaries++;
    }

    /** Returns the piece that contains a position of the content, or the next one to decode if that is not known. */
    synchronized int pieceAt(long position) {
        int found = Arrays.binarySearch(content, 0, boundaries, position);
        return found >= 0 ? found : -found - 2;
    }

    /** Returns whether the end of a piece is known. */
    synchronized boolean hasEnd(int piece) {
        return boundaries > piece + 1;
    }

    /** Returns where a piece begins in the object. */
    synchronized long storedAt(int piece) {
        return stored[piece];
    }

    /** Returns where a piece begins in the content. */
    synchronized long contentAt(int piece) {
        return content[piece];
    }
}
