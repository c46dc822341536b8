package io.veloz.wal.archive;

/**
 * The policy for sealed segments that accumulate on the local disk because they cannot be archived. Immutable.
 *
 * @param budgetBytes maximum size of sealed segments that are not archived, above which
 *     {@link ShipperListener#onSpoolOverBudget} is called
 * @param givesUpOldest whether the log may trim the oldest segments above the budget before they are archived
 */
public record SpoolPolicy(long budgetBytes, boolean givesUpOldest) {
    /** Keeps all segments on the local disk until they are archived, without a budget. */
    public static final SpoolPolicy KEEP = new SpoolPolicy(Long.MAX_VALUE, false);

    public SpoolPolicy {
        if (budgetBytes < 0) {
            throw new IllegalArgumentException("budgetBytes " + budgetBytes + ": expected 0 or more");
        }
    }

    /** Keeps all segments until they are archived. Above the budget {@link ShipperListener#onSpoolOverBudget} is called. */
    public static SpoolPolicy keep(long budgetBytes) {
        return new SpoolPolicy(budgetBytes, false);
    }

    /**
     * Allows the log to trim its oldest segments above the budget before they are archived. The archive declares the missing
     * records in a GAP slot, and {@link ShipperListener#onGap} is called.
     */
    public static SpoolPolicy giveUpOldest(long budgetBytes) {
        return new SpoolPolicy(budgetBytes, true);
    }
}
