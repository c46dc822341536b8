package io.veloz.wal.legacy;

import io.veloz.wal.orders.OrderEvent;

/** Receives the events of an old log, in the order in which they are applied. Called on the thread that replays. */
@FunctionalInterface
public interface LegacyEventHandler {
    /**
     * Receives the next event.
     *
     * @param sequence sequence in the old log; not unique, because it restarts where a process did not replay first
     * @param timestampNanos when the engine wrote the entry, in nanoseconds since 1970
     */
    void onEvent(long sequence, long timestampNanos, OrderEvent event);
}
