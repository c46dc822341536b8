package io.veloz.wal.orders;

import io.veloz.wal.WalException;
import io.veloz.wal.spi.StateMismatchException;
import io.veloz.wal.spi.StateReplay;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Replays order events into an {@link OrderStore}, and compares it with checkpoints that an {@link OrderLog} has written.
 * Confined to one thread.
 *
 * <p>Two states may differ in one way only: a checkpoint does not contain the ended orders that the engine has dropped. The replay
 * then drops them too. An order that has changed after it ended is not compared, because the engine may have dropped it
 * between the two events, at a checkpoint that the replay does not know.
 *
 * <p>Memory grows with the pending orders, twice while a checkpoint is compared, and with up to
 * {@value #ENDED_ORDERS_KEPT} ended orders.
 */
public final class OrderStateReplay implements StateReplay {
    /** The number of ended orders that are kept between two checkpoints: the most recently changed ones. */
    public static final int ENDED_ORDERS_KEPT = 200_000;

    private final Supplier<OrderStore.Builder> settings;
    private final OrderCodec codec = new OrderCodec();
    private final Map<OrderFinding.Kind, Long> contradictions = new EnumMap<>(OrderFinding.Kind.class);
    private @Nullable OrderFinding firstContradiction;
    private OrderStore store;

    /** The orders that have changed after they ended, since the state began. */
    private final Set<String> changedAfterEnd = new HashSet<>();

    /** Whether ended orders were dropped since the state began. A checkpoint may contain them. */
    private boolean droppedEnded;

    /** The checkpoint that the state began with; -1 if there is none. */
    private long begun = -1;

    private long notCompared;

    /** Creates a replay with the default settings of an {@link OrderStore}. */
    public OrderStateReplay() {
        this(OrderStore::builder);
    }

    /**
     * Creates a replay for an engine with other settings.
     *
     * @param settings returns a new builder with the settings of the engine's store. Its listener of findings is replaced
     */
    public OrderStateReplay(Supplier<OrderStore.Builder> settings) {
        this.settings = settings;
        this.store = newStore().build();
    }

    private OrderStore.Builder newStore() {
        return settings.get().onFinding(this::add);
    }

    private void add(OrderFinding finding) {
        contradictions.merge(finding.kind(), 1L, Long::sum);
        if (firstContradiction == null) {
            firstContradiction = finding;
        }
    }

    @Override
    public void begin() {
        begin(-1, newStore().build());
    }

    private void begin(long checkpoint, OrderStore with) {
        store = with;
        begun = checkpoint;
        droppedEnded = false;
        changedAfterEnd.clear();
    }

    @Override
    public void begin(long sequence, InputStream content) throws IOException, StateMismatchException {
        begin(sequence, newStore().buildFrom(read(sequence, content)));
    }

    // ---- records

    @Override
    public boolean apply(long sequence, long timestampNanos, int type, ByteBuffer payload)
            throws StateMismatchException {
        if (!OrderCodec.isOrderType(type)) {
            return false;
        }
        OrderEvent event = decode(type, payload);
        if (sequence <= store.appliedSequence()) {
            throw new StateMismatchException("it follows record " + store.appliedSequence() + "; expected a later one");
        }
        noteChangeAfterEnd(event);
        store.apply(sequence, timestampNanos, event);
        if (store.terminalCount() >= 2 * ENDED_ORDERS_KEPT) {
            store.snapshotWithoutEnded(Long.MIN_VALUE, ENDED_ORDERS_KEPT);
            droppedEnded = true;
        }
        return true;
    }

    @Override
    public boolean check(int type, ByteBuffer payload) throws StateMismatchException {
        if (!OrderCodec.isOrderType(type)) {
            return false;
        }
        decode(type, payload);
        return true;
    }

    private OrderEvent decode(int type, ByteBuffer payload) throws StateMismatchException {
        try {
            return codec.decode(type, payload);
        } catch (WalException | IllegalArgumentException e) {
            throw new StateMismatchException("it cannot be decoded: " + e.getMessage());
        }
    }

    private void noteChangeAfterEnd(OrderEvent event) {
        String id = idOf(event);
        boolean mayHaveEnded = droppedEnded && !(event instanceof OrderNew);
        if (store.get(id).map(OrderState::terminal).orElse(mayHaveEnded)) {
            changedAfterEnd.add(id);
        }
    }

    private static String idOf(OrderEvent event) {
        if (event instanceof OrderNew placed) {
            return placed.clientOrderId();
        } else if (event instanceof OrderUpdate update) {
            return update.clientOrderId();
        } else if (event instanceof OrderFill fill) {
            return fill.clientOrderId();
        } else if (event instanceof OrderCancel cancel) {
            return cancel.clientOrderId();
        }
        // An OrderRestored replaces the state, whether the order was dropped or not.
        return "";
    }

    // ---- checkpoints

    @Override
    public void compare(long sequence, InputStream content) throws IOException, StateMismatchException {
        OrderSnapshot checkpoint = read(sequence, content);
        String difference = difference(checkpoint, sequence == begun);
        begin(sequence, newStore().buildFrom(checkpoint));
        if (!difference.isEmpty()) {
            throw new StateMismatchException(difference);
        }
    }

    private static OrderSnapshot read(long sequence, InputStream content) throws IOException, StateMismatchException {
        OrderSnapshot snapshot;
        try {
            snapshot = OrderSnapshot.readFrom(content, "it");
        } catch (WalException | IllegalArgumentException e) {
            throw new StateMismatchException("it does not contain orders: " + e.getMessage());
        }
        if (snapshot.coveredSequence() != sequence) {
            throw new StateMismatchException(
                    "its orders are those after record " + snapshot.coveredSequence() + "; expected " + sequence);
        }
        return snapshot;
    }

    /** Returns the first difference in the order of the checkpoint; empty if there is none. */
    private String difference(OrderSnapshot checkpoint, boolean isSecondOfItsSequence) {
        Set<String> contained = new HashSet<>();
        String first = "";
        for (OrderState order : checkpoint.orders()) {
            String id = order.clientOrderId();
            contained.add(id);
            OrderState replayed = store.get(id).orElse(null);
            boolean mayDiffer = changedAfterEnd.contains(id)
                    || (replayed == null && order.terminal() && (droppedEnded || isSecondOfItsSequence));
            if (mayDiffer) {
                notCompared++;
            } else if (first.isEmpty() && !order.equals(replayed)) {
                first = "order " + id + ": " + OrderDifference.of(order, replayed);
            }
        }
        if (!first.isEmpty()) {
            return first;
        }
        for (OrderState order : store.orders()) {
            if (!order.terminal()
                    && !contained.contains(order.clientOrderId())
                    && !changedAfterEnd.contains(order.clientOrderId())) {
                return "order " + order.clientOrderId()
                        + " is missing in the checkpoint; the replayed records leave it in" + " status \""
                        + order.status() + "\", which is not an end";
            }
        }
        return checkpoint.newestNanos() == store.newestNanos()
                ? ""
                : "newestNanos is " + checkpoint.newestNanos() + " in the checkpoint, " + store.newestNanos()
                        + " in the replayed records";
    }

    @Override
    public List<String> notes() {
        List<String> notes = new ArrayList<>();
        OrderFinding first = firstContradiction;
        if (first != null) {
            notes.add("events that contradict their orders, as in the engine: " + contradictions + "; first in record "
                    + first.sequence() + ", order " + first.clientOrderId() + ": " + first.text());
        }
        if (notCompared > 0) {
            notes.add(notCompared
                    + " orders in checkpoints were not compared: they changed after they had ended, or ended"
                    + " before the most recent " + ENDED_ORDERS_KEPT);
        }
        return notes;
    }
}
