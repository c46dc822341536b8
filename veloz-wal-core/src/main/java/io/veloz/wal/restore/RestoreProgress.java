package io.veloz.wal.restore;

/**
 * Receives the progress of a restore. Called often, by the threads that do the work, but never by two at the same time.
 */
@FunctionalInterface
public interface RestoreProgress {
    /** Ignores the progress. */
    RestoreProgress NONE = (stage, done, total) -> {};

    /** The stages of a restore, in order. */
    enum Stage {
        /** Reads the ship log of the archive and proves that nothing is missing. Counted in slots. */
        PROVE,
        /** Compares the log in the target directory, if there is one, with the archive. Counted in bytes. */
        COMPARE,
        /** Fetches segments, tails and checkpoint. Counted in bytes of the log's files. */
        FETCH,
        /** Reads and checks every fetched record. Counted in bytes. */
        CHECK,
        /** Copies the selected records into a new log. Counted in bytes. */
        COPY
    }

    /**
     * Reports how much of a stage is done.
     *
     * @param total the total as far as it is known now; it may grow
     */
    void update(Stage stage, long done, long total);
}
