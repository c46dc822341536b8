package io.veloz.wal.spi;

import io.veloz.wal.Wal;
import io.veloz.wal.WalCorruptException;
import java.io.IOException;

/**
 * Puts older segments in front of a log whose restore began with a later segment, one by one and the newest first. Get it from
 * {@link Wal#olderSegments} or {@link LogFiles#olderSegments}. It belongs to one thread.
 *
 * <p>A fill is pending while the file {@link LogFiles#fillName} exists, which the restore has created. It ends with {@link #end},
 * or with the first {@link Wal#trim} that deletes a segment.
 */
public interface OlderSegments {
    /** Returns whether a fill is pending. */
    boolean isPending() throws IOException;

    /**
     * Returns the number of the segment with which the log begins. The next one to add has the number before.
     *
     * @throws WalCorruptException if it is not known, because the trim mark is missing or damaged
     */
    long firstSegment() throws IOException;

    /** Returns the sequence of the first record of that segment. */
    long firstSequence() throws IOException;

    /**
     * Checks that files with temporary names may be changed. Call it before each change.
     *
     * @throws IllegalStateException if the log is closed, so that another process may have opened it
     */
    void checkOpen();

    /** Returns the name of the file in the log's storage from which {@link #add} takes a segment. No other file has it. */
    String temporaryName(long number);

    /**
     * Adds the segment before the first one, whose complete file is in the storage under its temporary name. Returns when this
     * is durable. The log then begins with that segment.
     *
     * @param number the number of that segment
     * @return false if no fill is pending any more, so nothing was changed
     * @throws IllegalArgumentException if the log does not begin with the segment after that number
     * @throws WalCorruptException if the file is not the sealed segment that the first one follows. The log was not changed
     * @throws IllegalStateException if the log is closed
     */
    boolean add(long number) throws IOException;

    /** Ends the fill: the log stays as it is. Returns when this is durable. Does nothing if none is pending. */
    void end() throws IOException;
}
