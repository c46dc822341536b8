package io.veloz.wal.backup;

/**
 * Receives the progress of a recovery or a drill, by the threads that do the work, but never by two at the same time. An
 * exception from it ends the recovery.
 */
public interface RecoveryProgress {
    /** Ignores the progress. */
    RecoveryProgress NONE = new RecoveryProgress() {};

    /** Reports that a step begins: "stage database", "switch". */
    default void onStep(String step) {}

    /** Reports bytes that were fetched or restored within a step, and the total as far as it is known now. */
    default void onBytes(String step, long done, long total) {}
}
