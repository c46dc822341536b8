package io.veloz.wal.archive;

/**
 * What happens when the archive cannot take what the log writes, and the local disk holds more and more that is not
 * archived. Immutable.
 *
 * @param budgetBytes of sealed segments that are not archived; beyond it an event is raised
 * @param givesUpOldest whether, beyond the budget, the oldest segments may be trimmed before they are archived
 */
public record SpoolPolicy(long budgetBytes, boolean givesUpOldest) {
    /** Everything stays on the local disk until it is archived, however much it is. */
    public static final SpoolPolicy KEEP = new SpoolPolicy(Long.MAX_VALUE, false);

    public SpoolPolicy {
        if (budgetBytes < 0) {
            throw new IllegalArgumentException("budgetBytes " + budgetBytes + ": expected 0 or more");
        }
    }

    /** Everything stays until it is archived; beyond so many bytes {@link ShipperListener#onSpoolOverBudget} is called. */
    public static SpoolPolicy keep(long budgetBytes) {
        return new SpoolPolicy(budgetBytes, false);
    }

    /**
     * Beyond so many bytes the archive lets the log trim its oldest segments although it has not got them. What is lost to
     * the archive by that is declared in it, in a GAP slot, and {@link ShipperListener#onGap} is called: never silently.
     */
    public static SpoolPolicy giveUpOldest(long budgetBytes) {
        return new SpoolPolicy(budgetBytes, true);
    }
}
