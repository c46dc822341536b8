package io.veloz.wal;

/**
 * Receives the events of a log. One thread calls all methods, in order. It is not the commit thread, so a slow listener
 * delays futures and later events, but no commit. Exceptions that a method throws are logged and otherwise ignored. The
 * rules for callbacks of {@link Wal#appendAsync} also apply to listeners.
 */
public interface WalListener {
    /** Ignores all events. */
    WalListener NONE = new WalListener() {};

    /** The log was opened, and its state was as reported. */
    default void onOpened(RecoveryReport report) {}

    /**
     * Every record up to this one is durable. The sequence increases from call to call. One call may cover several
     * batches.
     */
    default void onDurable(long durableSequence) {}

    /** A segment was sealed. It is complete and durable under its final name, and does not change any more. */
    default void onRolled(SegmentReport segment) {}

    /**
     * A commit took as long as {@link WalConfig#slowCommitThreshold()}. At most one a second is reported; the next event
     * states how many were not.
     */
    default void onSlowCommit(SlowCommit commit) {}

    /** The next segment could not be prepared. It is retried. Appends continue until the active segment is full. */
    default void onPrepareFailed(String reason) {}

    /** The disk is full. Appends are rejected when the active segment is full. */
    default void onDiskFull(String reason) {}

    /** The disk has space again, and the log resumes. */
    default void onDiskFullEnded() {}

    /** Segments that no guard needs were deleted, with the records up to this one. */
    default void onTrimmed(long upToSequence) {}

    /** The log has failed permanently. */
    default void onFailed(WalFailedException failure) {}

    /** The log was closed. This is the last event. */
    default void onClosed() {}
}
