package io.veloz.wal.orders;

/** The status texts that the rules know. Stateless; any thread may use it. */
final class OrderStatus {
    static final String FILLED = "FILLED";
    static final String PARTIALLY_FILLED = "PARTIALLY_FILLED";
    static final String CANCELED = "CANCELED";
    /** The spelling of the engine's own cancel path and of its gateway. */
    static final String CANCELLED = "CANCELLED";

    static final String REJECTED = "REJECTED";
    static final String EXPIRED = "EXPIRED";

    private OrderStatus() {}

    static boolean isTerminal(String status) {
        return switch (status) {
            case FILLED, CANCELED, CANCELLED, REJECTED, EXPIRED -> true;
            default -> false;
        };
    }

    static String normal(String status) {
        return status.equals(CANCELLED) ? CANCELED : status;
    }
}
