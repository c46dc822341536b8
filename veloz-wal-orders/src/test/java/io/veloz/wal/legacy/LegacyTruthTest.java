package io.veloz.wal.legacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderStore;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LegacyTruthTest {
    @TempDir
    Path scratch;

    private LegacyReplay replay(String name) {
        return LegacyCases.log(name, scratch).replay(LegacyMode.DEFAULT);
    }

    private JsonNode json(String name, String file) {
        return LegacyCases.json(LegacyCases.of(name, scratch), file);
    }

    @ParameterizedTest
    @CsvSource({
        "a-small, a-small, live.json",
        "a2-small-garbage-padding, a2-small-garbage-padding, live.json",
        "b-typical, b-typical, replay.json",
        "c-kill9-fsync, c-kill9-fsync, replay.json",
        "d0-base, d0-base, live.json",
        "e-corrupt-pad, d0-base, live.json",
        "f3-restart-with-replay, f3-restart-with-replay, live.run2.json",
        "g-docs-layout, a-small, live.json"
    })
    void intactLogReplaysToTheLiveStoreWithoutFindings(String name, String truth, String file) {
        LegacyReplay replay = replay(name);
        LegacyCases.assertOrders(replay.orders(), json(truth, file));
        assertThat(replay.findings()).isEmpty();
        assertThat(replay.worst()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "c2-kill9-torn, c2-kill9-torn, replay.json, TORN_TAIL, UNACKNOWLEDGED, 142493, 21347",
        "d-torn-minus30, d-torn-minus30, replay.json, TORN_TAIL, UNACKNOWLEDGED, 3127, 59",
        "d-torn-minus60, d-torn-minus60, replay.json, TORN_TAIL, UNACKNOWLEDGED, 3127, 29",
        "d2-torn-then-append, d2-torn-then-append, live.json, DAMAGE, UNACKNOWLEDGED, 3127, 59",
        "d3-zero-tail, d0-base, live.json, ZERO_TAIL, UNACKNOWLEDGED, 3216, 512",
        "e-corrupt-magic, d0-base, live.json, HEADER_REPAIRED, NOTE, 621, 94",
        "e-corrupt-type, d0-base, live.json, HEADER_REPAIRED, NOTE, 621, 94",
        "i-write-error, i-write-error, live.json, DAMAGE, DOUBTFUL, 3440, 40"
    })
    void damagedLogReplaysToTheLiveStoreWithOneFinding(
            String name, String truth, String file, Kind kind, Severity severity, long position, long length) {
        LegacyReplay replay = replay(name);
        LegacyCases.assertOrders(replay.orders(), json(truth, file));
        assertThat(replay.findings())
                .extracting(
                        LegacyFinding::kind, LegacyFinding::severity, LegacyFinding::position, LegacyFinding::length)
                .containsExactly(tuple(kind, severity, position, length));
        assertThat(replay.worst()).contains(severity);
    }

    @ParameterizedTest
    @CsvSource({"e-corrupt-crc", "e-corrupt-payload"})
    void unrepairableEntryIsSkippedAndReportedAsLost(String name) {
        LegacyReplay replay = replay(name);
        LegacyCases.assertOrders(replay.orders(), json(name, "replay.json"));
        assertThat(replay.findings())
                .extracting(
                        LegacyFinding::kind,
                        LegacyFinding::severity,
                        LegacyFinding::file,
                        LegacyFinding::position,
                        LegacyFinding::firstSequence,
                        LegacyFinding::lastSequence)
                .containsExactly(tuple(Kind.DAMAGE, Severity.LOST, "orders_0000000000000000.wal", 621L, 8L, 8L));
    }

    @Test
    void bothRunsOfAnEngineThatRestartedItsSequenceCount() {
        LegacyReplay replay = replay("f1-restart-no-replay");
        LegacyCases.assertOrders(replay.orders(), json("f1-restart-no-replay", "replay.A.json"));
        List<OrderState> secondRun = replay.orders().subList(5, 10);
        LegacyCases.assertOrders(secondRun, json("f1-restart-no-replay", "live.run2.json"));
        assertThat(replay.findings()).extracting(LegacyFinding::kind).containsExactly(Kind.SEQUENCE_RESTART);
    }

    @Test
    void checkpointNeitherChangesNorRemovesOrders() {
        List<OrderState> orders = replay("j-checkpoint-quirks").orders();
        assertThat(orders)
                .extracting(OrderState::clientOrderId, OrderState::status, OrderState::executedQuantity)
                .containsExactly(
                        tuple("J1", "FILLED", 3.3),
                        tuple("J2", "FILLED", 0.4),
                        tuple("J3", "", 2.0),
                        tuple("J4", "CANCELED", 0.3),
                        tuple("J5", "FILLED", 1.0),
                        tuple("J6", "FILLED", 1.6),
                        tuple("J8", "FILLED", 0.9999999999999999),
                        tuple("J7", "FILLED", 1.0));
        assertThat(orders.get(2).side()).isNull();
        assertThat(orders.get(3).rawStatus()).isEqualTo("CANCELLED");
        assertThat(replay("j-checkpoint-quirks").findingCounts()).doesNotContainKey(Kind.CHECKPOINT_DIFFERS);
    }

    @Test
    void secondWriterIsReported() {
        LegacyReplay replay = replay("m-two-writers");
        assertThat(replay.orders()).hasSize(25);
        assertThat(replay.findingCounts()).containsEntry(Kind.SECOND_WRITER, 1L).containsEntry(Kind.ORDER, 5L);
        assertThat(replay.worst()).contains(Severity.DOUBTFUL);
    }

    @ParameterizedTest
    @MethodSource("io.veloz.wal.legacy.LegacyCases#all")
    void eventsPassedToAHandlerResultInTheSameOrders(String name) {
        OrderStore store = new OrderStore();
        long[] events = {0};
        LegacyReplay replay = LegacyCases.log(name, scratch)
                .forEach((sequence, nanos, event) -> store.apply(++events[0], nanos, event));
        assertThat(events[0]).isPositive();
        assertThat(store.orders()).isEqualTo(replay.orders());
    }
}
