package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrdersTest {
    private static final String BOTH_FILLED = """
            {"count":2,"count_pending":0,"count_terminal":2,"orders":[
            {"client_order_id":"A","symbol":"BTCUSDT","side":"BUY","order_qty":2,"limit_price":50000.5,\
            "executed_qty":2,"avg_price":50000.0625,"venue_order_id":"","status":"FILLED","reason":"",\
            "last_ts_ns":19,"created_ts_set":true},
            {"client_order_id":"B","symbol":"ETHUSDT","side":"SELL","order_qty":0.1,"limit_price":null,\
            "executed_qty":0.1,"avg_price":3000,"venue_order_id":"","status":"FILLED","reason":"",\
            "last_ts_ns":18,"created_ts_set":true}
            ]}
            """;

    @TempDir
    Path scratch;

    private Path log;

    @BeforeEach
    void setLog() {
        log = scratch.resolve("log");
    }

    /** Writes events, a checkpoint of them, and more events, and trims the first ones. */
    private void writeWithCheckpointAndTrim() {
        OrderCodec codec = new OrderCodec();
        try (Wal wal = Logs.open(log)) {
            OrderStore store = new OrderStore();
            OrderEvent last = Logs.EVENTS.get(Logs.EVENTS.size() - 1);
            for (OrderEvent event : Logs.EVENTS) {
                store.apply(wal.appendDurable(event.recordType(), codec.encode(event)), 1, event);
                if (event == Logs.EVENTS.get(3)) {
                    wal.roll();
                    wal.writeCheckpoint(
                            wal.lastSequence(), out -> store.snapshot().writeTo(out));
                    wal.writeCheckpoint(
                            wal.lastSequence(), out -> store.snapshot().writeTo(out));
                    wal.trim(0);
                }
            }
            assertThat(last).isSameAs(Logs.EVENTS.get(4));
        }
    }

    @Test
    void formatIsThatOfTheEnginesTools() {
        ToolRun run = ToolRun.of("orders", Logs.ofOrders(log)).exits(ExitCode.OK);
        assertThat(run.out()).isEqualTo(BOTH_FILLED);
        assertThat(run.err()).isEmpty();
        assertThat(ToolRun.of("orders", log, "--json").out()).isEqualTo(BOTH_FILLED);
    }

    @Test
    void emptyLogHasNoOrders() {
        Logs.open(log).close();
        assertThat(ToolRun.of("orders", log).exits(ExitCode.OK).out())
                .isEqualTo("{\"count\":0,\"count_pending\":0,\"count_terminal\":0,\"orders\":[\n]}\n");
    }

    @Test
    void replayStartsAtTheCheckpoint() {
        writeWithCheckpointAndTrim();
        // The earlier records were deleted, so the orders can only come from the checkpoint.
        assertThat(ToolRun.of("dump", log, "--format", "crc").lines()).hasSize(1);
        assertThat(ToolRun.of("orders", log).exits(ExitCode.OK).out()).isEqualTo(BOTH_FILLED);
    }

    @Test
    void checkpointThatCoversTheLastRecordIsEnough() {
        try (Wal wal = Logs.open(log)) {
            OrderStore store = new OrderStore();
            Logs.appendOrders(wal, store);
            wal.writeCheckpoint(wal.lastSequence(), out -> store.snapshot().writeTo(out));
        }
        assertThat(ToolRun.of("orders", log)
                        .exits(ExitCode.OK)
                        .json()
                        .get("count")
                        .asInt())
                .isEqualTo(2);
    }

    @Test
    void checkpointWithoutOrdersIsSkipped() {
        try (Wal wal = Logs.open(log)) {
            Logs.appendOrders(wal, new OrderStore());
            wal.writeCheckpoint(wal.lastSequence(), out -> out.write(7));
        }
        assertThat(WalCheckpoint.newest(ReadOptions.of(log))).isPresent();
        ToolRun run = ToolRun.of("orders", log).exits(ExitCode.OK);
        assertThat(run.out()).isEqualTo(BOTH_FILLED);
        assertThat(run.err()).contains("does not contain orders").contains("replaying from the first record");
    }

    @Test
    void olderCheckpointIsUsedIfTheNewestContainsNoOrders() {
        writeWithCheckpointAndTrim();
        try (Wal wal = Logs.open(log)) {
            wal.writeCheckpoint(wal.lastSequence(), out -> out.write(7));
        }
        ToolRun run = ToolRun.of("orders", log).exits(ExitCode.OK);
        // The records before the older one are trimmed, so the orders can only come from it.
        assertThat(run.out()).isEqualTo(BOTH_FILLED);
        assertThat(run.err()).contains("does not contain orders").doesNotContain("first record");
    }

    @Test
    void trimmedLogWithoutACheckpointIsAnError() throws IOException {
        writeWithCheckpointAndTrim();
        Files.delete(log.resolve(".orders_checkpoint_a"));
        Files.delete(log.resolve(".orders_checkpoint_b"));
        ToolRun.of("orders", log).failsWith("records before 5 were trimmed, and no checkpoint of orders can be read");
    }

    @Test
    void logThatEndsBeforeItsCheckpointIsAnError() throws IOException {
        Logs.ofOrders(log);
        Path earlier = scratch.resolve("earlier");
        ToolRun.of("salvage", log, earlier).exits(ExitCode.OK);
        try (Wal wal = Logs.open(earlier)) {
            Logs.appendOrders(wal, new OrderStore());
            wal.writeCheckpoint(wal.lastSequence(), out -> out.write(7));
        }
        try (Stream<Path> files = Files.list(earlier)) {
            for (Path file : files.filter(file -> file.getFileName()
                            .toString()
                            .matches("orders_0.*2\\.wal|orders_current\\.wal|\\.orders_prepared\\.wal"))
                    .toList()) {
                Files.delete(file);
            }
        }
        ToolRun run = ToolRun.of("orders", earlier).exits(ExitCode.FAILED);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("error: ");
    }

    @Test
    void orderEventOfALaterVersionIsReportedWithItsSequence() {
        Logs.ofOrders(log);
        try (Wal wal = Logs.open(log)) {
            wal.appendDurable(0xFF00, ByteBuffer.wrap(new byte[] {1}));
        }
        ToolRun.of("orders", log).failsWith("record 6");
    }

    @Test
    void tornTailIsNotAnError() {
        Logs.tearTail(Logs.ofOrders(log));
        ToolRun run = ToolRun.of("orders", log).exits(ExitCode.OK);
        assertThat(run.out()).isEqualTo(BOTH_FILLED);
        assertThat(run.err()).contains("torn tail");
    }

    @Test
    void damagedLogPrintsNoOrders() {
        Logs.ofOrders(log);
        Logs.damage(log.resolve("orders_0000000000000001.wal"), "ETHUSDT");
        ToolRun.of("orders", log).failsWith("record 3");
    }

    @Test
    void recordsOfOtherTypesAreSkipped() {
        Logs.ofOrders(log);
        try (Wal wal = Logs.open(log)) {
            wal.appendDurable(900, ByteBuffer.wrap(new byte[] {1}));
        }
        ToolRun run = ToolRun.of("orders", log).exits(ExitCode.OK);
        assertThat(run.out()).isEqualTo(BOTH_FILLED);
        assertThat(run.err()).contains("skipped 1 record of other types");
    }

    @Test
    void orderEventThatCannotBeDecodedIsAnError() {
        Logs.ofOrders(log);
        try (Wal wal = Logs.open(log)) {
            wal.appendDurable(OrderCodec.ORDER_FILL, ByteBuffer.wrap(new byte[] {99}));
        }
        ToolRun.of("orders", log).failsWith("record 6: OrderFill");
    }
}
