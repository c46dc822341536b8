package io.veloz.wal;

/**
 * A checkpoint that was held for a while has been replaced by a newer one. Nothing is damaged: take {@link WalCheckpoint#newest}
 * again.
 */
public final class WalReplacedException extends WalException {
    private final long sequence;

    /**
     * @param file the checkpoint's file
     * @param sequence the record up to which the checkpoint covered the log
     * @param found what the file holds now
     */
    public WalReplacedException(String file, long sequence, String found) {
        super(
                file + ": the checkpoint up to record " + sequence + " was replaced; found " + found
                        + ". Take the newest checkpoint again",
                null);
        this.sequence = sequence;
    }

    /** The record up to which the checkpoint covered the log. */
    public long sequence() {
        return sequence;
    }
}
