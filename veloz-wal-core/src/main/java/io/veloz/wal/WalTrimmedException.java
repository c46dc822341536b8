package io.veloz.wal;

/**
 * A trim has overtaken a reader: the next record, or the first one of a reader that is opened, was deleted on purpose.
 * Nothing is damaged, but the reader cannot continue.
 *
 * <p>Next step: load a checkpoint that covers the records before {@link #firstSequence()}, and open a new reader that
 * starts after it.
 */
public final class WalTrimmedException extends WalException {
    private final long nextSequence;
    private final long firstSequence;

    /**
     * @param directory the directory of the log
     * @param nextSequence the record that the reader would have read next; 0 if it was to start with the oldest one
     * @param firstSequence the oldest record of the log now
     */
    public WalTrimmedException(String directory, long nextSequence, long firstSequence) {
        super(
                directory + ": "
                        + (nextSequence > 0 ? "record " + nextSequence : "the record that was the oldest")
                        + " has been trimmed; the log begins with record " + firstSequence
                        + " now. Load a checkpoint, and open a reader that starts after it",
                null);
        this.nextSequence = nextSequence;
        this.firstSequence = firstSequence;
    }

    /** Returns the record that the reader would have read next; 0 if it was to start with the oldest one. */
    public long nextSequence() {
        return nextSequence;
    }

    /** Returns the oldest record of the log when this was detected. A later trim may have deleted it as well. */
    public long firstSequence() {
        return firstSequence;
    }
}
