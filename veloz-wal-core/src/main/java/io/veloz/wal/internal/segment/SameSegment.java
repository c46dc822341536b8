package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Which of two files with one segment number counts: the one rule of recovery, readers and tools. Immutable.
 *
 * <p>Two arise when recovery has sealed a copy and still has the original, and when a directory is copied while its
 * writer renames files.
 *
 * @param blank whether nothing was ever written behind the header
 */
public record SameSegment(String name, SegmentHeader header, boolean blank) {
    /** What counts of two. */
    public enum Choice {
        FIRST,
        SECOND,
        /** Both hold records, and nothing shows that one is a copy of the other: the log must not be believed. */
        NEITHER
    }

    /**
     * A blank file does not count. Of two with the same salt the one that is named by its number counts: it got its name
     * when it was complete.
     */
    public static Choice of(SameSegment first, SameSegment second, SegmentNames names) {
        if (first.blank || second.blank) {
            return first.blank ? Choice.SECOND : Choice.FIRST;
        }
        if (first.header.salt() != second.header.salt()) {
            return Choice.NEITHER;
        }
        return names.isSealed(second.name) ? Choice.SECOND : names.isSealed(first.name) ? Choice.FIRST : Choice.NEITHER;
    }

    /** Whether nothing was ever written behind the header. */
    public static boolean isBlank(StorageFile file) throws IOException {
        // A little first: nearly every segment holds something, and shows it at once.
        ByteBuffer chunk = ByteBuffer.allocate(64);
        long position = SegmentHeader.BYTES;
        while (file.readFully(chunk.clear(), position) > 0) {
            for (int i = 0; i < chunk.position(); i++) {
                if (chunk.get(i) != 0) {
                    return false;
                }
            }
            position += chunk.position();
            chunk = chunk.capacity() == 64 ? ByteBuffer.allocate(64 * 1024) : chunk;
        }
        return true;
    }
}
