package io.veloz.wal.legacy;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import io.veloz.wal.orders.OrderRestored;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderStore;
import io.veloz.wal.orders.Side;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint entry is good for. For one thread.
 *
 * <p>The engine erases its store at every checkpoint and loses what was logged while the checkpoint was taken. Here a
 * checkpoint never erases anything. Where every entry before it was read, it says nothing new. Where entries are missing,
 * its orders are taken, field by field as written, if they are newer than what the entries gave.
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
     * @param adopted takes each order that is newer in the checkpoint; null if no entry before it is missing
     */
    void apply(
            LegacyFile file, EntryHeader entry, long sequence, long nanos, @Nullable Consumer<OrderRestored> adopted) {
        PayloadFields in = new PayloadFields(file, entry);
        long count = in.u32();
        long newer = 0;
        String first = "";
        for (long i = 0; i < count && in.remaining() > 0; i++) {
            OrderState saved = state(CheckpointOrder.read(in), nanos);
            OrderState known = store.get(saved.clientOrderId()).orElse(null);
            boolean says = known == null || isNewer(saved, known) || completes(saved, known);
            if (saved.clientOrderId().isEmpty() || !says) {
                continue;
            }
            if (newer++ == 0) {
                first = saved.clientOrderId();
            }
            if (adopted != null) {
                adopted.accept(new OrderRestored(known == null ? saved : merged(saved, known)));
            }
        }
        tell(file, entry, sequence, newer, first, adopted != null);
    }

    private void tell(LegacyFile file, EntryHeader entry, long sequence, long newer, String first, boolean adopted) {
        if (newer == 0) {
            return;
        }
        String text =
                newer + " orders, the first " + first + ", are newer in the checkpoint than in the entries before it"
                        + (adopted ? "; taken from there" : "; the entries count");
        findings.add(
                adopted ? Kind.CHECKPOINT_ADOPTED : Kind.CHECKPOINT_DIFFERS,
                adopted ? Severity.NOTE : Severity.DOUBTFUL,
                file,
                entry,
                sequence,
                text);
    }

    /** Executions only grow, so they decide before times do, which may be equal or step back. */
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

    /** Whether the OrderNew was lost, and the checkpoint still has what it said. A side alone the engine makes up. */
    private static boolean completes(OrderState saved, OrderState known) {
        return (known.orderQuantity() == null && saved.orderQuantity() != null)
                || (known.limitPrice() == null && saved.limitPrice() != null);
    }

    /** A checkpoint has neither type nor time in force; and what is newer in the entries stays. */
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
