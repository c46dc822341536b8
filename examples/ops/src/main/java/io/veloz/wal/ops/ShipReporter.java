package io.veloz.wal.ops;

/** Reports the progress of a shipper. Not thread-safe. */
interface ShipReporter {
    void event(ShipEvent event);

    /**
     * Called frequently.
     *
     * @param isDue whether the status interval has passed
     */
    void status(ShipView view, boolean isDue);

    /** The last call. */
    void end(ShipView view, int exitCode);
}
