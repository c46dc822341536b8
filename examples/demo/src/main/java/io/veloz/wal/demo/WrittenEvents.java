package io.veloz.wal.demo;

import io.veloz.wal.WalReader;
import io.veloz.wal.orders.Checkpoint;
import io.veloz.wal.orders.OrderCancel;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderRestored;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderStore;
import io.veloz.wal.orders.OrderUpdate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The engine's events that are in a log. Each record must be the next event of its order with the same content, so that
 * invented, duplicate and missing events are detected. Not thread-safe.
 */
final class WrittenEvents {
    private final List<OrderEvent> events;
    private final Map<String, List<Integer>> eventsOfOrder = new LinkedHashMap<>();
    private final Map<String, Integer> writtenOfOrder = new HashMap<>();
    private final Map<Long, Integer> eventAtSequence = new HashMap<>();
    private final List<String> problems = new ArrayList<>();

    private WrittenEvents(List<OrderEvent> events) {
        this.events = events;
        for (int i = 0; i < events.size(); i++) {
            eventsOfOrder
                    .computeIfAbsent(orderOf(events.get(i)), id -> new ArrayList<>())
                    .add(i);
        }
    }

    /** Reads a log to its end. */
    static WrittenEvents in(WalReader log, List<OrderEvent> events) {
        WrittenEvents written = new WrittenEvents(events);
        OrderCodec codec = new OrderCodec();
        while (log.next()) {
            OrderEvent event = codec.decode(log.type(), log.payload());
            if (!(event instanceof Checkpoint)) {
                written.add(log.sequence(), event);
            }
        }
        return written;
    }

    private void add(long sequence, OrderEvent event) {
        String id = orderOf(event);
        List<Integer> known = eventsOfOrder.getOrDefault(id, List.of());
        int written = writtenOfOrder.merge(id, 1, Integer::sum);
        if (written > known.size()) {
            problems.add("record " + sequence + " is an unexpected event of order " + id + ": " + event);
            return;
        }
        int index = known.get(written - 1);
        if (!events.get(index).equals(event)) {
            problems.add("record " + sequence + " is " + event + ", expected " + events.get(index));
        }
        eventAtSequence.put(sequence, index);
    }

    /** Returns the number of events. */
    int count() {
        return eventAtSequence.size();
    }

    /** Replays these events from the engine's list, not from the log. The times of the records are 0. */
    List<OrderState> orders() {
        OrderStore store = new OrderStore();
        for (int index : new TreeSet<>(eventAtSequence.values())) {
            store.apply(index + 1L, 0, events.get(index));
        }
        return store.orders();
    }

    /** Returns the indexes of the events that are not written yet, grouped by order. */
    List<List<Integer>> missingByOrder() {
        return eventsOfOrder.entrySet().stream()
                .map(order -> order.getValue()
                        .subList(
                                Math.min(order.getValue().size(), writtenOfOrder.getOrDefault(order.getKey(), 0)),
                                order.getValue().size()))
                .toList();
    }

    /** Returns one line per problem, including acknowledged events that are not at their reported sequence. */
    List<String> problems(List<Acknowledged> acknowledged) {
        List<String> all = new ArrayList<>(problems);
        for (Acknowledged event : acknowledged) {
            Integer found = eventAtSequence.get(event.sequence());
            if (found == null || found != event.event()) {
                all.add("event " + event.event() + " was acknowledged as record " + event.sequence() + "; found: "
                        + (found == null ? "nothing" : "event " + found));
            }
        }
        return all;
    }

    private static String orderOf(OrderEvent event) {
        if (event instanceof OrderNew placed) {
            return placed.clientOrderId();
        } else if (event instanceof OrderUpdate update) {
            return update.clientOrderId();
        } else if (event instanceof OrderFill fill) {
            return fill.clientOrderId();
        } else if (event instanceof OrderCancel cancel) {
            return cancel.clientOrderId();
        } else if (event instanceof OrderRestored restored) {
            return restored.state().clientOrderId();
        }
        throw new IllegalArgumentException("no order in " + event);
    }
}
