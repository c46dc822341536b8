package io.veloz.wal.archive;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import java.time.Duration;

/**
 * Receives the events of a shipper. All methods are called by the shipping thread, so a slow listener delays shipping, but
 * never the log. An exception that a method throws is logged and otherwise ignored.
 */
public interface ShipperListener {
    /** Ignores all events. */
    ShipperListener NONE = new ShipperListener() {};

    /** The shipper has acquired this epoch. All earlier writers are fenced. */
    default void onEpochAcquired(long epoch) {}

    /** All records up to this one are archived. Sequences increase from call to call. */
    default void onArchived(long archivedSequence) {}

    /** A step failed, for the first time after a success. It is retried with a backoff. */
    default void onTrouble(String error) {}

    /** All steps that failed have succeeded. */
    default void onTroubleEnded() {}

    /** The archive lags behind the log by more than {@link ShipperConfig#lagBound()}. */
    default void onLagging(Duration lag) {}

    /** The lag is within {@link ShipperConfig#lagBound()} again. */
    default void onLaggingEnded() {}

    /** Sealed segments that are not archived have more than {@link SpoolPolicy#budgetBytes()}. */
    default void onSpoolOverBudget(long bytes) {}

    /** Records were trimmed before they were archived, as the spool policy allows. The archive declares them as a gap. */
    default void onGap(long firstSequence, long lastSequence) {}

    /** Another writer has acquired a later epoch. This is the last call. */
    default void onFenced(WalFencedException fenced) {}

    /** Log and archive are inconsistent. This is the last call. */
    default void onRefused(WalShippingRefusedException refused) {}
}
