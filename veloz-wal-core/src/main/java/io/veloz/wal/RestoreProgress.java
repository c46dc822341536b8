package io.veloz.wal;

/** Is told how far a restore has come. Called by the threads that do the work, often, one at a time. */
@FunctionalInterface
public interface RestoreProgress {
    /** Tells nobody. */
    RestoreProgress NONE = (stage, done, total) -> {};

    /** What a restore does, in this order. */
    enum Stage {
        /** Reads the ship log and proves that nothing is missing. Counted in slots. */
        PROVE,
        /** Looks at the log that is in the target directory already. Counted in bytes. */
        COMPARE,
        /** Fetches segments, tails and checkpoint. Counted in bytes of the log's files. */
        FETCH,
        /** Reads every record of what was fetched. Counted in bytes. */
        CHECK,
        /** Copies the records that are wanted into a new log. Counted in bytes. */
        COPY
    }

    /**
     * So much of so much is done.
     *
     * @param total as far as it is known by now; it may grow
     */
    void update(Stage stage, long done, long total);
}
