package io.veloz.wal.legacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import io.veloz.wal.legacy.LegacyWriter.Saved;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderRestored;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.Side;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bugs 10, 11 and 13: the effect of checkpoint entries. */
class LegacyCheckpointTest {
    private static final String FIRST = "orders_0000000000000000.wal";
    private static final String LATER = "orders_0000000000000014.wal";
    private static final long T = LegacyWriter.START_NANOS;

    @TempDir
    Path directory;

    private LegacyReplay replay() {
        return LegacyLog.open(directory).replay(LegacyMode.DEFAULT);
    }

    @Test
    void entryLoggedWhileTheCheckpointWasCreatedIsNotLost() {
        new LegacyWriter()
                .placed("A", 1, 100)
                .fill("A", 1, 100, T + 1)
                .checkpoint(new Saved("A", "BUY", 1.0, 100.0, 0, "", 0))
                .writeTo(directory, FIRST);
        LegacyReplay replay = replay();
        assertThat(replay.orders()).extracting(OrderState::status).containsExactly("FILLED");
        assertThat(replay.findings()).isEmpty();
    }

    @Test
    void orderMissingInTheCheckpointIsNotRemoved() {
        new LegacyWriter().placed("A", 1, 100).checkpoint().placed("B", 1, 100).writeTo(directory, FIRST);
        assertThat(replay().orders()).extracting(OrderState::clientOrderId).containsExactly("A", "B");
    }

    @Test
    void ordersOfAMissingHeadAreRestoredVerbatimFromTheCheckpoint() {
        new LegacyWriter()
                .after(20)
                .checkpoint(
                        new Saved("UPDATED", "BUY", 1.0, 100.0, 0.4, "FILLED", T + 5),
                        new Saved("SELLING", "SELL", 2.0, null, 0, "CANCELLED", T + 6))
                .writeTo(directory, LATER);
        List<OrderEvent> events = new ArrayList<>();
        LegacyReplay replay = LegacyLog.open(directory).forEach((sequence, nanos, event) -> events.add(event));

        OrderState updated = replay.orders().get(0);
        assertThat(updated.status()).isEqualTo("FILLED");
        assertThat(updated.executedQuantity()).isEqualTo(0.4);
        assertThat(updated.createdNanos()).isEqualTo(T);
        OrderState selling = replay.orders().get(1);
        assertThat(selling.side()).isEqualTo(Side.SELL);
        assertThat(selling.status()).isEqualTo("CANCELED");
        assertThat(selling.rawStatus()).isEqualTo("CANCELLED");
        assertThat(events).containsExactly(new OrderRestored(updated), new OrderRestored(selling));
        assertThat(replay.findings())
                .extracting(LegacyFinding::kind, LegacyFinding::severity)
                .containsExactly(
                        tuple(Kind.MISSING_HEAD, Severity.NOTE), tuple(Kind.CHECKPOINT_ADOPTED, Severity.NOTE));
    }

    @Test
    void checkpointAfterAMissingHeadReplacesNoNewerState() {
        new LegacyWriter()
                .after(20)
                .placed("A", 2, 100)
                .fill("A", 2, 100, T + 9)
                .fill("B", 0.5, 100, T + 9)
                .checkpoint(
                        new Saved("A", "BUY", 2.0, 100.0, 1.0, "PARTIALLY_FILLED", T + 8),
                        new Saved("B", "SELL", 3.0, 100.0, 1.5, "PARTIALLY_FILLED", T + 9),
                        new Saved("C", "BUY", 1.0, 100.0, 0, "ACCEPTED", T + 1))
                .writeTo(directory, LATER);
        assertThat(replay().orders())
                .extracting(OrderState::clientOrderId, OrderState::executedQuantity, OrderState::orderQuantity)
                .containsExactly(tuple("A", 2.0, 2.0), tuple("B", 1.5, 3.0), tuple("C", 0.0, 1.0));
    }

    @Test
    void lostOrderNewIsCompletedFromALaterCheckpoint() {
        LegacyWriter log = new LegacyWriter()
                .placed("A", 1, 100)
                .placed("B", 3, 100)
                .update("B", "V-B", "ACCEPTED", T + 2)
                .checkpoint(
                        new Saved("A", "BUY", 1.0, 100.0, 0, "", 0),
                        new Saved("B", "BUY", 3.0, 100.0, 0, "ACCEPTED", T + 2));
        byte[] bytes = log.bytes();
        bytes[log.position(1) + 45] ^= 1;
        LegacyWriter.write(directory, FIRST, bytes);
        LegacyReplay replay = replay();
        assertThat(replay.orders().get(1).orderQuantity()).isEqualTo(3.0);
        assertThat(replay.orders().get(1).side()).isEqualTo(Side.BUY);
        assertThat(replay.findingCounts())
                .containsEntry(Kind.CHECKPOINT_ADOPTED, 1L)
                .containsEntry(Kind.DAMAGE, 1L);
        assertThat(replay.worst()).contains(Severity.LOST);
    }

    @Test
    void newerCheckpointOfACompleteLogIsOnlyReported() {
        new LegacyWriter()
                .placed("A", 1, 100)
                .checkpoint(
                        new Saved("A", "BUY", 1.0, 100.0, 1.0, "FILLED", T + 3),
                        new Saved("B", "BUY", 1.0, 100.0, 0, "", 0))
                .writeTo(directory, FIRST);
        LegacyReplay replay = replay();
        assertThat(replay.orders()).extracting(OrderState::executedQuantity).containsExactly(0.0);
        assertThat(replay.findings())
                .extracting(LegacyFinding::kind, LegacyFinding::severity)
                .containsExactly(tuple(Kind.CHECKPOINT_DIFFERS, Severity.DOUBTFUL));
    }
}
