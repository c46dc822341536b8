package io.veloz.wal.archive;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import java.time.Duration;

/**
 * Is told what happens to an archive's writer. All methods are called by one thread, the one that ships: a slow listener
 * delays shipping, never the log. What a method throws is logged and otherwise ignored.
 */
public interface ShipperListener {
    /** Does nothing. */
    ShipperListener NONE = new ShipperListener() {};

    /** The archive is ours to write, in that epoch. */
    default void onEpochAcquired(long epoch) {}

    /** Every record up to this one is in the archive. Sequences grow from call to call. */
    default void onArchived(long archivedSequence) {}

    /** Something went wrong, for the first time after a success. It is tried again. */
    default void onTrouble(String error) {}

    /** It goes on. */
    default void onTroubleEnded() {}

    /** The archive is further behind the log than {@link ShipperConfig#lagBound()}. */
    default void onLagging(Duration lag) {}

    /** It no longer is. */
    default void onLaggingEnded() {}

    /** Sealed segments that are not archived take more room than {@link SpoolPolicy#budgetBytes()}. */
    default void onSpoolOverBudget(long bytes) {}

    /** Records were trimmed before they were archived, as the spool policy allows; the archive says so now. */
    default void onGap(long firstSequence, long lastSequence) {}

    /** Another writer has taken over. The last call. */
    default void onFenced(WalFencedException fenced) {}

    /** Log and archive do not fit together. The last call. */
    default void onRefused(WalShippingRefusedException refused) {}
}
