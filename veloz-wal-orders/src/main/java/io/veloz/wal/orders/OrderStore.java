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
 * The state of all orders, as the events of the log add up to it. One thread applies events, in the order of the log; any
 * thread may read at any time, and sees the state after some whole event.
 */
public final class OrderStore {
    /** How many findings, the newest, are kept for {@link #findings()}; all of them are counted. */
    public static final int FINDINGS_KEPT = 1000;

    private final Consumer<OrderFinding> onFinding;
    private final OrderRules rules;

    /** Guards everything below, against the readers. */
    private final Object lock = new Object();

    /** In the order in which they were first seen. */
    private final Map<String, OrderState> orders = new LinkedHashMap<>();

    /** The ids of orders that have ended, in the order in which they were last touched. */
    private final LinkedHashSet<String> ended = new LinkedHashSet<>();

    private final ArrayDeque<OrderFinding> findings = new ArrayDeque<>();
    private final List<OrderFinding> untold = new ArrayList<>();
    private final Map<OrderFinding.Kind, Long> findingCounts = new EnumMap<>(OrderFinding.Kind.class);
    private long appliedSequence;
    private long newestNanos;

    /** An empty store with the default settings. */
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
     * Applies one event. When it returns, readers see its effect. What contradicts it is in {@link #findings()}.
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
            putLocked(rules.applyRestored(restored));
        }
        // A Checkpoint changes no order: what it covers was applied before it.
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
            return List.copyOf(orders.values());
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
            return orders.size() - ended.size();
        }
    }

    /** Orders that have ended. */
    public int terminalCount() {
        synchronized (lock) {
            return ended.size();
        }
    }

    /** The last record applied, or covered by the snapshot the store began with; 0 if none. */
    public long appliedSequence() {
        synchronized (lock) {
            return appliedSequence;
        }
    }

    /** The latest time of a record that was applied, or covered by the snapshot; 0 if none. */
    long newestNanos() {
        synchronized (lock) {
            return newestNanos;
        }
    }

    /** The newest {@value #FINDINGS_KEPT} findings, in order. */
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
            return new OrderSnapshot(appliedSequence, newestNanos, List.copyOf(orders.values()));
        }
    }

    /**
     * As {@link #snapshot}, and drops ended orders before it, from the store too: both must know the same orders, or an
     * event that comes later has another effect at the next replay.
     *
     * @param beforeNanos ended orders that were last touched before this time are dropped
     * @param atMost of the other ended orders the last touched ones are kept
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
            // The snapshot does not have the order in which they ended.
            snapshot.orders().stream()
                    .filter(OrderState::terminal)
                    .sorted(Comparator.comparingLong(OrderState::updatedNanos))
                    .forEach(order -> ended.add(order.clientOrderId()));
        }
    }

    /** Settings of an {@link OrderStore}. For one thread. */
    public static final class Builder {
        private boolean normaliseStatus = true;
        private Map<String, String> statusWords = Map.of();
        private Consumer<OrderFinding> onFinding = finding -> {};

        private Builder() {}

        /**
         * Whether a known status is kept in its normal spelling, as CANCELED for "cancelled". An order that has ended in
         * any spelling has ended, and what was received stays in {@link OrderState#rawStatus()}. Default: true.
         */
        public Builder normaliseStatus(boolean value) {
            normaliseStatus = value;
            return this;
        }

        /**
         * Words of a venue that docs/orders-format.md does not list, and the listed word that each stands for, as
         * {@code Map.of("CLOSED", "FILLED")}. Default: none.
         *
         * @throws IllegalArgumentException from {@link #build}, if a word stands for one that is not listed
         */
        public Builder statusWords(Map<String, String> value) {
            statusWords = Map.copyOf(value);
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
