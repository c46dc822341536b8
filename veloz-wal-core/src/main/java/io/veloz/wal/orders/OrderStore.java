package io.veloz.wal.orders;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The state of all orders, as the events of the log add up to it. One thread applies events, in the order of the log; any
 * thread may read at any time, and sees the state after some whole event.
 */
public final class OrderStore {
    /** Findings kept for {@link #findings()}; all of them are counted. */
    public static final int FINDINGS_KEPT = 1000;

    private final Consumer<OrderFinding> onFinding;
    private final OrderRules rules;

    /** Guards everything below, against the readers. */
    private final Object lock = new Object();

    private final List<OrderState> orders = new ArrayList<>();
    private final Map<String, Integer> places = new HashMap<>();
    private final List<OrderFinding> findings = new ArrayList<>();
    private final List<OrderFinding> untold = new ArrayList<>();
    private final Map<OrderFinding.Kind, Long> findingCounts = new EnumMap<>(OrderFinding.Kind.class);
    private int terminalCount;
    private long appliedSequence;
    private long newestNanos;

    /** An empty store with the default settings. */
    public OrderStore() {
        this(new Builder());
    }

    private OrderStore(Builder settings) {
        this.onFinding = settings.onFinding;
        this.rules = new OrderRules(settings.normaliseStatus, this::addFindingLocked);
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Applies one event. When it returns, readers see its effect. What does not fit is told in {@link #findings()}.
     *
     * @param sequence of the record; must be above every one applied before, so that no event counts twice
     * @param timestampNanos of the record
     * @throws IllegalArgumentException if the sequence was applied already; nothing was changed
     */
    public void apply(long sequence, long timestampNanos, OrderEvent event) {
        OrderText.requirePresent("event", event);
        synchronized (lock) {
            if (sequence <= appliedSequence) {
                throw new IllegalArgumentException(
                        "record " + sequence + " applied after " + appliedSequence + ", expected a later one");
            }
            appliedSequence = sequence;
            newestNanos = Math.max(newestNanos, timestampNanos);
            applyLocked(timestampNanos, event);
            tellLocked();
        }
    }

    private void applyLocked(long nanos, OrderEvent event) {
        if (event instanceof OrderNew placed) {
            putLocked(rules.applyNew(stateLocked(placed.clientOrderId()), nanos, placed));
        } else if (event instanceof OrderUpdate update) {
            putLocked(rules.applyUpdate(stateLocked(update.clientOrderId()), nanos, update));
        } else if (event instanceof OrderFill fill) {
            putLocked(rules.applyFill(stateLocked(fill.clientOrderId()), nanos, fill));
        } else if (event instanceof OrderCancel cancel) {
            putLocked(rules.applyCancel(stateLocked(cancel.clientOrderId()), nanos, cancel));
        } else if (event instanceof OrderRestored restored) {
            putLocked(restored.state());
        }
        // A Checkpoint changes no order: what it covers was applied before it.
    }

    private @Nullable OrderState stateLocked(String clientOrderId) {
        Integer place = places.get(clientOrderId);
        return place == null ? null : orders.get(place);
    }

    private void putLocked(@Nullable OrderState after) {
        if (after == null) {
            return;
        }
        Integer place = places.get(after.clientOrderId());
        if (place == null) {
            places.put(after.clientOrderId(), orders.size());
            orders.add(after);
        } else {
            terminalCount -= orders.set(place, after).terminal() ? 1 : 0;
        }
        terminalCount += after.terminal() ? 1 : 0;
    }

    private void addFindingLocked(String clientOrderId, OrderFinding.Kind kind, String text) {
        OrderFinding finding = new OrderFinding(appliedSequence, clientOrderId, kind, text);
        findingCounts.merge(kind, 1L, Long::sum);
        if (findings.size() < FINDINGS_KEPT) {
            findings.add(finding);
        }
        untold.add(finding);
    }

    /** After the event took effect: a listener that throws must not leave it half applied. */
    private void tellLocked() {
        if (!untold.isEmpty()) {
            List<OrderFinding> told = List.copyOf(untold);
            untold.clear();
            told.forEach(onFinding);
        }
    }

    public Optional<OrderState> get(String clientOrderId) {
        synchronized (lock) {
            return Optional.ofNullable(stateLocked(clientOrderId));
        }
    }

    /** All orders, the oldest first, as they are at one sequence. The list never changes. */
    public List<OrderState> orders() {
        synchronized (lock) {
            return List.copyOf(orders);
        }
    }

    public int count() {
        synchronized (lock) {
            return orders.size();
        }
    }

    /** Orders from which more is expected. */
    public int pendingCount() {
        synchronized (lock) {
            return orders.size() - terminalCount;
        }
    }

    /** Orders that have ended. */
    public int terminalCount() {
        synchronized (lock) {
            return terminalCount;
        }
    }

    /** The last record applied, or covered by the snapshot the store began with; 0 if none. */
    public long appliedSequence() {
        synchronized (lock) {
            return appliedSequence;
        }
    }

    /** The first {@value #FINDINGS_KEPT} findings, in order. */
    public List<OrderFinding> findings() {
        synchronized (lock) {
            return List.copyOf(findings);
        }
    }

    /** How many findings of each kind there were, also of those no longer kept. */
    public Map<OrderFinding.Kind, Long> findingCounts() {
        synchronized (lock) {
            return Collections.unmodifiableMap(new EnumMap<>(findingCounts));
        }
    }

    /** All orders at one sequence, to be written as a checkpoint. Copies references only; the store goes on meanwhile. */
    public OrderSnapshot snapshot() {
        synchronized (lock) {
            return new OrderSnapshot(appliedSequence, newestNanos, orders);
        }
    }

    private void startFrom(OrderSnapshot snapshot) {
        synchronized (lock) {
            appliedSequence = snapshot.coveredSequence();
            newestNanos = snapshot.newestNanos();
            snapshot.orders().forEach(this::putLocked);
        }
    }

    /** Settings of an {@link OrderStore}. For one thread. */
    public static final class Builder {
        private boolean normaliseStatus = true;
        private Consumer<OrderFinding> onFinding = finding -> {};

        private Builder() {}

        /**
         * Whether CANCELLED reads as CANCELED, default true. An order that ended in either spelling has ended; what was
         * received stays in {@link OrderState#rawStatus()}.
         */
        public Builder normaliseStatus(boolean value) {
            normaliseStatus = value;
            return this;
        }

        /** Called for every finding by the thread that applies, inside {@link OrderStore#apply}; must be quick. */
        public Builder onFinding(Consumer<OrderFinding> listener) {
            onFinding = OrderText.requirePresent("listener", listener);
            return this;
        }

        /** An empty store. */
        public OrderStore build() {
            return new OrderStore(this);
        }

        /** A store that begins with this snapshot; the first event to apply is the one behind what it covers. */
        public OrderStore buildFrom(OrderSnapshot snapshot) {
            OrderStore store = new OrderStore(this);
            store.startFrom(OrderText.requirePresent("snapshot", snapshot));
            return store;
        }
    }
}
