package io.veloz.wal;

/**
 * A reader was overtaken by a trim: the record that it would read next has been deleted on purpose. Nothing is damaged, and
 * the reader gets no further. Load a checkpoint that covers the records before {@link #firstSequence()}, and open another
 * reader behind it.
 */
public final class WalTrimmedException extends WalException {
    private final long nextSequence;
    private final long firstSequence;

    /**
     * @param directory the log
     * @param nextSequence the record that would have come next; 0 if the reader was to start with the oldest
     * @param firstSequence the oldest record now
     */
    public WalTrimmedException(String directory, long nextSequence, long firstSequence) {
        super(
                directory + ": "
                        + (nextSequence > 0 ? "record " + nextSequence : "the record that was the oldest")
                        + " has been trimmed; the log begins with record " + firstSequence
                        + " now. Load a checkpoint, and read on behind it",
                null);
        this.nextSequence = nextSequence;
        this.firstSequence = firstSequence;
    }

    /** The record that would have come next; 0 if the reader was to start with the oldest one. */
    public long nextSequence() {
        return nextSequence;
    }

    /** The oldest record in the log when the reader found out. A later trim may have deleted it as well. */
    public long firstSequence() {
        return firstSequence;
    }
}
