package io.veloz.wal.archive.internal.hedge;

/**
 * Limits hedges to one in 20 puts, and to ten in succession, so that a store that is slow because it is overloaded does not receive
 * twice the requests. Confined to one thread.
 */
final class HedgeBudget {
    static final int PUTS_PER_HEDGE = 20;
    static final int MAX_HEDGES = 10;

    private int puts;

    /** A put has succeeded. */
    void earn() {
        puts = Math.min(puts + 1, MAX_HEDGES * PUTS_PER_HEDGE);
    }

    boolean hasOne() {
        return puts >= PUTS_PER_HEDGE;
    }

    void spend() {
        puts -= PUTS_PER_HEDGE;
    }
}
