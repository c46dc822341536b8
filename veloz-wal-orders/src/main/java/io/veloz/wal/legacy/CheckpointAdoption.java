package io.veloz.wal.legacy;

import io.veloz.wal.legacy.EntryDecoder.CheckpointOrder;
import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import io.veloz.wal.orders.OrderRestored;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderStore;
import io.veloz.wal.orders.Side;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Restores orders from checkpoint entries. Not thread-safe.
 *
 * <p>The engine clears its store at every checkpoint and loses entries that were logged while the checkpoint was created.
 * Here, a checkpoint never removes an order. If all entries before the checkpoint were read, it is only compared with the
 * store. If entries are missing, its orders are adopted, with all fields as written, where they are newer than the store.
 */
final class CheckpointAdoption {
    private static final double TOLERANCE = 1e-9;

    private final OrderStore store;
    private final Findings findings;

    CheckpointAdoption(OrderStore store, Findings findings) {
        this.store = store;
        this.findings = findings;
    }

    /**
     * Compares the orders of a checkpoint with the store.
     *
     * @param adopted receives each order that is newer in the checkpoint; null if no entry before it is missing
     */
    void apply(LegacyFile file, EntryHeader entry, @Nullable Consumer<OrderRestored> adopted) {
        PayloadFields in = new PayloadFields(file, entry);
        long count = in.u32();
        long newer = 0;
        String first = "";
        for (long i = 0; i < count && in.remaining() > 0; i++) {
            OrderState saved = state(CheckpointOrder.read(in), entry.timestampNanos());
            OrderState known = store.get(saved.clientOrderId()).orElse(null);
            boolean addsState = known == null || isNewer(saved, known) || completes(saved, known);
            if (saved.clientOrderId().isEmpty() || !addsState) {
                continue;
            }
            if (newer++ == 0) {
                first = saved.clientOrderId();
            }
            if (adopted != null) {
                adopted.accept(new OrderRestored(known == null ? saved : merged(saved, known)));
            }
        }
        report(file, entry, newer, first, adopted != null);
    }

    private void report(LegacyFile file, EntryHeader entry, long newer, String first, boolean adopted) {
        if (newer == 0) {
            return;
        }
        String text =
                newer + " orders, the first " + first + ", are newer in the checkpoint than in the entries before it"
                        + (adopted ? "; adopted" : "; not adopted");
        findings.add(
                adopted ? Kind.CHECKPOINT_ADOPTED : Kind.CHECKPOINT_DIFFERS,
                adopted ? Severity.NOTE : Severity.DOUBTFUL,
                file,
                entry,
                entry.sequence(),
                text);
    }

    /** Executed quantities only grow, so they are compared before the times, which may be equal or step back. */
    private static boolean isNewer(OrderState saved, OrderState known) {
        double difference = saved.executedQuantity() - known.executedQuantity();
        double tolerance = TOLERANCE * Math.max(1.0, Math.abs(known.executedQuantity()));
        if (Math.abs(difference) > tolerance) {
            return difference > 0;
        }
        if (saved.lastEventNanos() != known.lastEventNanos()) {
            return saved.lastEventNanos() > known.lastEventNanos();
        }
        return (saved.terminal() && !known.terminal())
                || (known.status().isEmpty() && !saved.status().isEmpty());
    }

    /** Whether the checkpoint contains values of a lost OrderNew. The side does not count: the engine invents it. */
    private static boolean completes(OrderState saved, OrderState known) {
        return (known.orderQuantity() == null && saved.orderQuantity() != null)
                || (known.limitPrice() == null && saved.limitPrice() != null);
    }

    /** Merges both states; newer values win. Type and time in force are not part of a checkpoint. */
    private static OrderState merged(OrderState saved, OrderState known) {
        boolean savedIsNewer = isNewer(saved, known);
        OrderState newer = savedIsNewer ? saved : known;
        OrderState older = savedIsNewer ? known : saved;
        return newer.toBuilder()
                .symbol(newer.symbol().isEmpty() ? older.symbol() : newer.symbol())
                .side(newer.side() == null ? older.side() : newer.side())
                .orderQuantity(newer.orderQuantity() == null ? older.orderQuantity() : newer.orderQuantity())
                .limitPrice(newer.limitPrice() == null ? older.limitPrice() : newer.limitPrice())
                .createdNanos(newer.createdNanos() == 0 ? older.createdNanos() : newer.createdNanos())
                .type(known.type())
                .timeInForce(known.timeInForce())
                .build();
    }

    private static OrderState state(CheckpointOrder order, long nanos) {
        return OrderState.builder(order.clientOrderId())
                .symbol(order.symbol())
                .side(order.side().equals("SELL") ? Side.SELL : order.side().equals("BUY") ? Side.BUY : null)
                .orderQuantity(order.hasQuantity() != 0 ? Double.valueOf(order.quantity()) : null)
                .limitPrice(order.hasLimit() != 0 ? Double.valueOf(order.limit()) : null)
                .executedQuantity(order.executed())
                .averagePrice(order.average())
                .venueOrderId(order.venueOrderId())
                .status(order.status().equals("CANCELLED") ? "CANCELED" : order.status())
                .rawStatus(order.status())
                .reason(order.reason())
                .lastEventNanos(order.lastNanos())
                .createdNanos(order.createdNanos())
                .updatedNanos(nanos)
                .build();
    }
}
