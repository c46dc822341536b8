package io.veloz.wal.orders;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The state of all orders, built from the events of the log. One thread applies events in log order. Reads are thread-safe
 * and see the state between two events.
 */
public final class OrderStore {
    /** The number of findings kept for {@link #findings()}: the newest ones. All findings are counted. */
    public static final int FINDINGS_KEPT = 1000;

    private final Consumer<OrderFinding> onFinding;
    private final OrderRules rules;

    /** Guards all fields below. */
    private final Object lock = new Object();

    /** In insertion order: the oldest order first. */
    private final Map<String, OrderState> orders = new LinkedHashMap<>();

    /** The ids of ended orders, least recently changed first. */
    private final LinkedHashSet<String> ended = new LinkedHashSet<>();

    private final ArrayDeque<OrderFinding> findings = new ArrayDeque<>();

    /** Findings of the current event that the listener has not received yet. */
    private final List<OrderFinding> unreported = new ArrayList<>();

    private final Map<OrderFinding.Kind, Long> findingCounts = new EnumMap<>(OrderFinding.Kind.class);
    private long appliedSequence;
    private long newestNanos;

    /** Creates an empty store with the default settings. */
    public OrderStore() {
        this(new Builder());
    }

    private OrderStore(Builder settings) {
        this.onFinding = settings.onFinding;
        this.rules =
                new OrderRules(new OrderStatus(settings.normaliseStatus, settings.statusWords), this::addFindingLocked);
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Applies one event. When it returns, readers see its effect. Contradictions are added to {@link #findings()}.
     *
     * @param sequence sequence of the record; must be greater than all sequences applied before, so that no event counts
     *     twice
     * @param timestampNanos time of the record
     * @throws IllegalArgumentException if the sequence was already applied; the store is unchanged
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
            reportFindingsLocked();
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
            putLocked(rules.applyRestored(restored));
        }
        // A Checkpoint changes no order: the records that it covers have already been applied.
    }

    private @Nullable OrderState stateLocked(String clientOrderId) {
        return orders.get(clientOrderId);
    }

    private void putLocked(@Nullable OrderState after) {
        if (after == null) {
            return;
        }
        String id = after.clientOrderId();
        orders.put(id, after);
        ended.remove(id);
        if (after.terminal()) {
            ended.add(id);
        }
    }

    private void addFindingLocked(String clientOrderId, OrderFinding.Kind kind, String text) {
        OrderFinding finding = new OrderFinding(appliedSequence, clientOrderId, kind, text);
        findingCounts.merge(kind, 1L, Long::sum);
        if (findings.size() == FINDINGS_KEPT) {
            findings.removeFirst();
        }
        findings.addLast(finding);
        unreported.add(finding);
    }

    /** Runs after the event has taken effect, so that an exception of the listener cannot leave it half applied. */
    private void reportFindingsLocked() {
        if (!unreported.isEmpty()) {
            List<OrderFinding> reported = List.copyOf(unreported);
            unreported.clear();
            reported.forEach(onFinding);
        }
    }

    /** Returns the state of an order; empty if it is unknown or was dropped. */
    public Optional<OrderState> get(String clientOrderId) {
        synchronized (lock) {
            return Optional.ofNullable(stateLocked(clientOrderId));
        }
    }

    /** Returns all orders at one sequence, oldest first. The list is immutable. */
    public List<OrderState> orders() {
        synchronized (lock) {
            return List.copyOf(orders.values());
        }
    }

    /** The number of orders. */
    public int count() {
        synchronized (lock) {
            return orders.size();
        }
    }

    /** The number of orders that have not ended. */
    public int pendingCount() {
        synchronized (lock) {
            return orders.size() - ended.size();
        }
    }

    /** The number of orders that have ended. */
    public int terminalCount() {
        synchronized (lock) {
            return ended.size();
        }
    }

    /** The sequence of the last record that was applied, or that the initial snapshot covers; 0 if none. */
    public long appliedSequence() {
        synchronized (lock) {
            return appliedSequence;
        }
    }

    /** The latest time of all records that were applied or that the initial snapshot covers; 0 if none. */
    long newestNanos() {
        synchronized (lock) {
            return newestNanos;
        }
    }

    /** Returns the newest {@value #FINDINGS_KEPT} findings, in order. */
    public List<OrderFinding> findings() {
        synchronized (lock) {
            return List.copyOf(findings);
        }
    }

    /** Returns the number of findings of each kind, including findings that are no longer kept. */
    public Map<OrderFinding.Kind, Long> findingCounts() {
        synchronized (lock) {
            return Collections.unmodifiableMap(new EnumMap<>(findingCounts));
        }
    }

    /** Returns all orders at one sequence, for a checkpoint. Copies references only, so it blocks other calls briefly. */
    public OrderSnapshot snapshot() {
        synchronized (lock) {
            return new OrderSnapshot(appliedSequence, newestNanos, List.copyOf(orders.values()));
        }
    }

    /**
     * Drops ended orders from the store and returns a snapshot of the others. The store and the snapshot must contain the
     * same orders. Otherwise a later event would have a different effect at the next replay.
     *
     * @param beforeNanos ended orders that were last changed before this time are dropped
     * @param atMost the maximum number of ended orders to keep: the most recently changed ones
     */
    OrderSnapshot snapshotWithoutEnded(long beforeNanos, int atMost) {
        synchronized (lock) {
            int excess = ended.size() - atMost;
            Iterator<String> ids = ended.iterator();
            while (ids.hasNext()) {
                String id = ids.next();
                OrderState order = orders.get(id);
                if (excess-- > 0 || order == null || order.updatedNanos() < beforeNanos) {
                    ids.remove();
                    orders.remove(id);
                }
            }
            return snapshot();
        }
    }

    private void startFrom(OrderSnapshot snapshot) {
        synchronized (lock) {
            appliedSequence = snapshot.coveredSequence();
            newestNanos = snapshot.newestNanos();
            snapshot.orders().forEach(order -> orders.put(order.clientOrderId(), order));
            // The snapshot does not contain the order in which they ended.
            snapshot.orders().stream()
                    .filter(OrderState::terminal)
                    .sorted(Comparator.comparingLong(OrderState::updatedNanos))
                    .forEach(order -> ended.add(order.clientOrderId()));
        }
    }

    /** Returns the counts and the position in the log, for log messages. */
    @Override
    public String toString() {
        synchronized (lock) {
            return "OrderStore[appliedSequence=" + appliedSequence + ", orders=" + orders.size() + ", pending="
                    + (orders.size() - ended.size()) + ", findings=" + findingCounts + "]";
        }
    }

    /** Builder of {@link OrderStore}. Not thread-safe. */
    public static final class Builder {
        private boolean normaliseStatus = true;
        private Map<String, String> statusWords = Map.of();
        private Consumer<OrderFinding> onFinding = finding -> {};

        private Builder() {}

        /**
         * Whether a known status is stored in its normalised spelling, such as CANCELED for "cancelled". Any known spelling
         * can end an order. {@link OrderState#rawStatus()} keeps the received spelling. Default: true.
         */
        public Builder normaliseStatus(boolean value) {
            normaliseStatus = value;
            return this;
        }

        /**
         * Additional status words of a venue, each mapped to a word that docs/orders-format.md lists, such as
         * {@code Map.of("CLOSED", "FILLED")}. {@link #build} throws {@link IllegalArgumentException} if a word is mapped to
         * one that is not listed. Default: none.
         */
        public Builder statusWords(Map<String, String> value) {
            statusWords = Map.copyOf(value);
            return this;
        }

        /** Receives every finding, on the thread that calls {@link OrderStore#apply}. It must return quickly. */
        public Builder onFinding(Consumer<OrderFinding> listener) {
            onFinding = OrderText.requirePresent("listener", listener);
            return this;
        }

        /** Returns an empty store. */
        public OrderStore build() {
            return new OrderStore(this);
        }

        /** Returns a store with the orders of a snapshot. The next event to apply is the first one that it does not cover. */
        public OrderStore buildFrom(OrderSnapshot snapshot) {
            OrderStore store = new OrderStore(this);
            store.startFrom(OrderText.requirePresent("snapshot", snapshot));
            return store;
        }
    }
}
