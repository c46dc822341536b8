package io.veloz.wal.ops;

/** Says how shipping goes. It belongs to one thread. */
interface ShipVoice {
    void event(ShipEvent event);

    /**
     * Called often.
     *
     * @param isDue whether so much time has passed that it must be said
     */
    void status(ShipView view, boolean isDue);

    /** The last thing that is said. */
    void end(ShipView view, int exitCode);
}
