package io.veloz.wal;

import java.time.Duration;

/**
 * Is told what happens to a log. All methods are called by one thread, in order, and never by the thread that writes: a
 * slow listener delays futures and later calls, but no commit. What a method throws is logged and otherwise ignored. The
 * rules for callbacks of {@link Wal#appendAsync} hold here too.
 */
public interface WalListener {
    /** Does nothing. */
    WalListener NONE = new WalListener() {};

    /** The log is open, and this is what was found. */
    default void onOpened(RecoveryReport report) {}

    /** Everything up to this sequence is durable. Sequences grow from call to call; several batches may be one call. */
    default void onDurable(long durableSequence) {}

    /** A segment was sealed: it is complete, named, on disk, and will not change. */
    default void onRolled(SegmentReport segment) {}

    /** Commits had to wait for the next segment to be prepared. */
    default void onStalled(Duration waited) {}

    /** The next segment could not be prepared; it is tried again. Appends go on as long as the active one has room. */
    default void onPrepareFailed(String reason) {}

    /** There is no room on the disk. Appends are refused once the active segment is full. */
    default void onDiskFull(String reason) {}

    /** There is room again, and the log goes on. */
    default void onDiskFullEnded() {}

    /** Segments that nobody needs any more were deleted, up to this sequence. */
    default void onTrimmed(long upToSequence) {}

    /** The log has failed for good. */
    default void onFailed(WalFailedException failure) {}

    /** The log is closed. The last call. */
    default void onClosed() {}
}
