package io.veloz.wal.legacy;

import io.veloz.wal.orders.OrderEvent;

/** Takes the events of an old log, in the order in which they apply. Called by the thread that replays. */
@FunctionalInterface
public interface LegacyEventHandler {
    /**
     * Takes the next event.
     *
     * @param sequence the old log's own sequence; it starts again where a process forgot it, so it is no key
     * @param timestampNanos when the engine wrote the entry, nanoseconds since 1970
     */
    void onEvent(long sequence, long timestampNanos, OrderEvent event);
}
