package io.veloz.wal;

/**
 * A checkpoint was replaced by a newer one before its content was opened. Nothing is damaged.
 *
 * <p>Next step: get the newest checkpoint again, with {@link Wal#newestCheckpoint} or {@link WalCheckpoint#newest}.
 */
public final class WalReplacedException extends WalException {
    private final long sequence;

    /**
     * @param file the file of the checkpoint
     * @param sequence the last record that the checkpoint covered
     * @param found the content of the file now
     */
    public WalReplacedException(String file, long sequence, String found) {
        super(
                file + ": the checkpoint up to record " + sequence + " was replaced; found " + found
                        + ". Get the newest checkpoint again",
                null);
        this.sequence = sequence;
    }

    /** Returns the last record that the checkpoint covered. */
    public long sequence() {
        return sequence;
    }
}
