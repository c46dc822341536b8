package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One of two files with the same segment number, and the rule that decides between them. Recovery, readers and tools
 * share this rule. Immutable.
 *
 * <p>Two such files exist after recovery has sealed a copy and not yet replaced the original, and after a directory was
 * copied while its writer renamed files.
 *
 * @param blank whether nothing was ever written after the header
 */
public record SameSegment(String name, SegmentHeader header, boolean blank) {
    /** The file that is used. */
    public enum Choice {
        FIRST,
        SECOND,
        /** Both contain records, and neither is known to be a copy of the other: the log is damaged. */
        NEITHER
    }

    /**
     * Chooses between two files. A blank file loses. Of two files with the same salt, the one named by its number wins,
     * because a segment gets that name when it is complete.
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

    /** Returns whether nothing was ever written after the header. Reads the whole file if it is blank. */
    public static boolean isBlank(StorageFile file) throws IOException {
        // Start with a small read: nearly every segment has data right after its header.
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
