package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.spi.StateMismatchException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OrderStateReplayTest {
    private static final OrderNew NEW = OrderNew.limit("A", "BTCUSDT", Side.BUY, 2, 50_000);
    private static final OrderFill HALF = OrderFill.of("A", "BTCUSDT", 1, 50_000, 5);

    private final OrderCodec codec = new OrderCodec();
    private final OrderStateReplay replay = new OrderStateReplay();
    private final OrderStore engine = new OrderStore();
    private long sequence;

    private void replayed(OrderEvent event) throws StateMismatchException {
        sequence++;
        assertThat(replay.apply(sequence, sequence * 10, event.recordType(), codec.encode(event)))
                .isTrue();
    }

    private void both(OrderEvent... events) throws StateMismatchException {
        for (OrderEvent event : events) {
            replayed(event);
            engine.apply(sequence, sequence * 10, event);
        }
    }

    private static InputStream content(OrderSnapshot snapshot) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            snapshot.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new ByteArrayInputStream(out.toByteArray());
    }

    private void compare() throws IOException, StateMismatchException {
        replay.compare(sequence, content(engine.snapshot()));
    }

    private void end(String id) throws StateMismatchException {
        both(OrderNew.market(id, "ETHUSDT", Side.SELL, 1), OrderFill.of(id, "ETHUSDT", 1, 3000, 7));
    }

    @Test
    void stateOfTheEngineIsTheReplayedState() throws Exception {
        both(NEW, HALF);
        end("B");
        compare();
        both(OrderFill.of("A", "BTCUSDT", 1, 50_100, 9), new OrderCancel("C", "late", 11), new Checkpoint(4, 2, 0));
        compare();
        assertThat(replay.notes())
                .singleElement()
                .asString()
                .contains("{UNKNOWN_ORDER=1}", "first in record 6, order C");
    }

    @Test
    void replayContinuesFromACheckpoint() throws Exception {
        both(NEW, HALF);
        OrderStateReplay second = new OrderStateReplay();
        second.begin(sequence, content(engine.snapshot()));
        OrderFill rest = OrderFill.of("A", "BTCUSDT", 1, 50_100, 9);
        both(rest);
        second.apply(sequence, sequence * 10, rest.recordType(), codec.encode(rest));
        second.compare(sequence, content(engine.snapshot()));
        compare();
    }

    @Test
    void firstFieldThatDiffersIsStatedWithBothValues() throws Exception {
        both(NEW);
        replayed(HALF);
        engine.apply(sequence, sequence * 10, OrderFill.of("A", "BTCUSDT", 1.5, 50_000, 5));
        assertThatThrownBy(this::compare)
                .isInstanceOf(StateMismatchException.class)
                .hasMessage("order A: executedQuantity is 1.5 in the checkpoint, 1.0 in the replayed records");
        // From then on the state is the one of the checkpoint.
        both(OrderFill.of("A", "BTCUSDT", 0.5, 50_000, 6));
        compare();
    }

    @Test
    void pendingOrderThatTheCheckpointLacksIsADifference() throws Exception {
        both(NEW, HALF);
        assertThatThrownBy(() -> replay.compare(sequence, content(new OrderSnapshot(sequence, 20, List.of()))))
                .hasMessageStartingWith("order A is missing in the checkpoint; the replayed records leave it in status"
                        + " \"PARTIALLY_FILLED\"");
    }

    @Test
    void orderThatNoRecordCreatesIsADifference() throws Exception {
        both(NEW);
        OrderState other =
                OrderState.builder("X").symbol("BTCUSDT").status("NEW").build();
        OrderSnapshot more =
                new OrderSnapshot(sequence, 10, List.of(engine.get("A").orElseThrow(), other));
        assertThatThrownBy(() -> replay.compare(sequence, content(more)))
                .hasMessage("order X: it is in the checkpoint, in status \"NEW\"; no replayed record creates it");
    }

    @Test
    void latestTimeIsCompared() throws Exception {
        both(NEW);
        OrderSnapshot later = new OrderSnapshot(sequence, 11, engine.snapshot().orders());
        assertThatThrownBy(() -> replay.compare(sequence, content(later)))
                .hasMessage("newestNanos is 11 in the checkpoint, 10 in the replayed records");
    }

    @Test
    void endedOrdersThatTheEngineHasDroppedAreNoDifference() throws Exception {
        both(NEW);
        end("B");
        end("C");
        engine.snapshotWithoutEnded(Long.MIN_VALUE, 1);
        assertThat(engine.get("B")).isEmpty();
        compare();
        both(HALF);
        compare();
        assertThat(replay.notes()).isEmpty();
    }

    @Test
    void orderThatChangedAfterItsEndIsNotComparedAndCounted() throws Exception {
        end("B");
        // At a checkpoint that is not archived.
        engine.snapshotWithoutEnded(Long.MIN_VALUE, 0);
        both(OrderFill.of("B", "ETHUSDT", 0.5, 3000, 8));
        assertThat(engine.get("B").orElseThrow().executedQuantity()).isEqualTo(0.5);
        compare();
        assertThat(replay.notes()).hasSize(2);
        assertThat(replay.notes().get(1)).startsWith("1 orders in checkpoints were not compared");
        replayed(new OrderUpdate("B", "v", "CANCELED", "", 9));
        engine.apply(sequence, sequence * 10, new OrderUpdate("B", "v", "EXPIRED", "", 9));
        // It is compared again from the checkpoint on.
        assertThatThrownBy(this::compare).hasMessageContaining("status is EXPIRED in the checkpoint, CANCELED in the");
    }

    @Test
    void secondCheckpointOfARecordMayContainEndedOrdersThatTheFirstOneLacks() throws Exception {
        end("B");
        OrderSnapshot all = engine.snapshot();
        engine.snapshotWithoutEnded(Long.MIN_VALUE, 0);
        compare();
        replay.compare(sequence, content(all));
    }

    @Test
    void otherRecordTypesDoNotBelongToTheState() throws Exception {
        assertThat(replay.apply(1, 1, 256, ByteBuffer.allocate(3))).isFalse();
        assertThat(replay.check(256, ByteBuffer.allocate(3))).isFalse();
    }

    @Test
    void recordThatCannotBeDecodedIsAMismatch() {
        ByteBuffer damaged = ByteBuffer.allocate(3);
        assertThatThrownBy(() -> replay.apply(1, 1, OrderCodec.ORDER_FILL, damaged))
                .isInstanceOf(StateMismatchException.class)
                .hasMessageStartingWith("it cannot be decoded: OrderFill");
        assertThatThrownBy(() -> replay.check(OrderCodec.ORDER_FILL, damaged))
                .isInstanceOf(StateMismatchException.class);
    }

    @Test
    void checkpointWithoutOrdersIsAMismatchAndKeepsTheState() throws Exception {
        both(NEW);
        assertThatThrownBy(() -> replay.compare(sequence, new ByteArrayInputStream(new byte[100])))
                .isInstanceOf(StateMismatchException.class)
                .hasMessageStartingWith("it does not contain orders: ");
        both(HALF);
        compare();
        assertThatThrownBy(() -> replay.compare(9, content(engine.snapshot())))
                .hasMessage("its orders are those after record 2; expected 9");
    }

    @Test
    void settingsOfTheEngineAreUsed() throws Exception {
        Map<String, String> words = Map.of("DONE", "FILLED");
        OrderStore other = OrderStore.builder().statusWords(words).build();
        OrderStateReplay configured =
                new OrderStateReplay(() -> OrderStore.builder().statusWords(words));
        OrderUpdate done = new OrderUpdate("A", "v", "DONE", "", 9);
        for (OrderEvent event : List.of(NEW, done)) {
            sequence++;
            other.apply(sequence, sequence, event);
            configured.apply(sequence, sequence, event.recordType(), codec.encode(event));
            replay.apply(sequence, sequence, event.recordType(), codec.encode(event));
        }
        configured.compare(sequence, content(other.snapshot()));
        assertThatThrownBy(() -> replay.compare(sequence, content(other.snapshot())))
                .hasMessageContaining("status is FILLED in the checkpoint");
    }
}
