package io.veloz.wal.legacy;

/** One order inside a checkpoint entry, field by field as written. Immutable. */
record CheckpointOrder(
        String clientOrderId,
        String symbol,
        String side,
        int hasQuantity,
        double quantity,
        int hasLimit,
        double limit,
        double executed,
        double average,
        String venueOrderId,
        String status,
        String reason,
        long lastNanos,
        long createdNanos) {

    static CheckpointOrder read(PayloadFields in) {
        return new CheckpointOrder(
                in.text(), in.text(), in.text(), in.u8(), in.f64(), in.u8(), in.f64(), in.f64(), in.f64(), in.text(),
                in.text(), in.text(), in.i64(), in.i64());
    }
}
