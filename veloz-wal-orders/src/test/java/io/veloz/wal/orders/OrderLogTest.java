package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.TrimReport;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalCorruptException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class OrderLogTest {
    @TempDir
    Path dir;

    private OrderLogConfig.Builder config() {
        return OrderLogConfig.builder(WalConfig.builder(dir)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(64 * 1024)
                .build());
    }

    private static void tradeOne(OrderLog log, int i) {
        String id = "order-" + i;
        log.append(OrderNew.limit(id, "BTCUSDT", Side.BUY, 2.0, 50_000.0 + i));
        log.append(new OrderUpdate(id, "venue-" + i, "ACCEPTED", "", 1_000 + i));
        log.appendDurable(OrderFill.of(id, "BTCUSDT", i % 2 == 0 ? 2.0 : 1.0, 50_000.0 + i, 2_000 + i)
                .withTradeId("trade-" + i));
    }

    @Test
    void ordersAreRestoredAsTheyWere() {
        List<OrderState> before;
        try (OrderLog log = OrderLog.open(config().build())) {
            for (int i = 0; i < 200; i++) {
                tradeOne(log, i);
            }
            before = log.store().orders();
        }
        assertThat(before).hasSize(200);
        try (OrderLog log = OrderLog.open(config().build())) {
            assertThat(log.store().orders()).isEqualTo(before);
            assertThat(log.recovery().replayedRecords()).isEqualTo(600);
            assertThat(log.store().findings()).isEmpty();
        }
    }

    @Test
    void replayStartsAfterTheNewestCheckpointAndAppliesLaterEvents() {
        List<OrderState> before;
        try (OrderLog log = OrderLog.open(config().build())) {
            for (int i = 0; i < 50; i++) {
                tradeOne(log, i);
            }
            assertThat(log.checkpoint().sequence()).isEqualTo(150);
            for (int i = 50; i < 60; i++) {
                tradeOne(log, i);
            }
            before = log.store().orders();
        }
        try (OrderLog log = OrderLog.open(config().build())) {
            assertThat(log.recovery().checkpointSequence()).isEqualTo(150);
            assertThat(log.recovery().replayedRecords())
                    .isEqualTo(31); // the record that marks the checkpoint, and 10 orders
            assertThat(log.store().orders()).isEqualTo(before);
        }
    }

    @Test
    void trimDeletesOnlySegmentsThatTwoCheckpointsCoverAndAllOrdersAreRestored() {
        List<OrderState> before;
        try (OrderLog log = OrderLog.open(config().keepSegments(0).build())) {
            for (int i = 0; i < 100; i++) {
                tradeOne(log, i);
            }
            log.wal().roll();
            log.checkpoint();
            assertThat(log.trim().deletedSegments()).isEmpty();
            for (int i = 100; i < 200; i++) {
                tradeOne(log, i);
            }
            log.checkpoint();
            TrimReport trimmed = log.trim();
            assertThat(trimmed.deletedSegments()).isNotEmpty();
            assertThat(trimmed.firstSequence()).isBetween(2L, 301L);
            before = log.store().orders();
        }
        try (OrderLog log = OrderLog.open(config().build())) {
            assertThat(log.store().orders()).isEqualTo(before);
        }
    }

    @Test
    void trimmedLogWithoutItsCheckpointsIsRejected() throws IOException {
        try (OrderLog log = OrderLog.open(config().keepSegments(0).build())) {
            for (int i = 0; i < 100; i++) {
                tradeOne(log, i);
            }
            log.checkpoint();
            log.checkpoint();
            log.wal().roll();
            assertThat(log.trim().deletedSegments()).isNotEmpty();
        }
        Files.delete(dir.resolve(".orders_checkpoint_a"));
        Files.delete(dir.resolve(".orders_checkpoint_b"));
        assertThatThrownBy(() -> OrderLog.open(config().build()))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining("trimmed up to record")
                .hasMessageContaining("no checkpoint is valid");
    }

    @Test
    void damagedCheckpointFallsBackToTheOtherOne() throws IOException {
        List<OrderState> before;
        try (OrderLog log = OrderLog.open(config().build())) {
            tradeOne(log, 1);
            log.checkpoint();
            tradeOne(log, 2);
            log.checkpoint();
            before = log.store().orders();
        }
        Path newest = dir.resolve(".orders_checkpoint_b");
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length / 2] ^= 1;
        Files.write(newest, bytes);
        try (OrderLog log = OrderLog.open(config().build())) {
            assertThat(log.recovery().checkpointSequence()).isEqualTo(3);
            assertThat(log.store().orders()).isEqualTo(before);
        }
    }

    @Test
    void futureCompletesWhenItsOrderIsInTheStore() throws Exception {
        try (OrderLog log = OrderLog.open(config().build())) {
            List<CompletableFuture<Boolean>> seen = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                String id = "order-" + i;
                seen.add(log.appendAsync(OrderNew.market(id, "ETHUSDT", Side.SELL, 1.0))
                        .thenApply(sequence -> log.store().get(id).isPresent()));
            }
            for (CompletableFuture<Boolean> future : seen) {
                assertThat(future.get()).isTrue();
            }
        }
    }

    @Test
    void eventsOfManyThreadsAreAppliedInLogOrder() throws Exception {
        List<OrderState> live;
        try (OrderLog log = OrderLog.open(config().build())) {
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 200; t++) {
                int first = t * 1000;
                Thread thread = new Thread(() -> {
                    for (int i = first; i < first + 4; i++) {
                        tradeOne(log, i);
                    }
                });
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            live = log.store().orders();
            assertThat(live).hasSize(800);
        }
        try (OrderLog log = OrderLog.open(config().build())) {
            assertThat(log.store().orders()).isEqualTo(live);
        }
    }

    @Test
    void eventsOfAGroupAreAppliedTogether() {
        try (OrderLog log = OrderLog.open(config().build())) {
            long last = log.appendDurable(List.of(
                    OrderNew.limit("a", "BTCUSDT", Side.BUY, 1.0, 10.0), OrderFill.of("a", "BTCUSDT", 1.0, 10.0, 5)));
            assertThat(last).isEqualTo(2);
            assertThat(log.store().get("a").orElseThrow().status()).isEqualTo("FILLED");
        }
    }

    @Test
    void checkpointIsWrittenAfterTheConfiguredNumberOfRecords() {
        OrderLogConfig config = config().checkpointEveryRecords(100).build();
        try (OrderLog log = OrderLog.open(config)) {
            int i = 0;
            while (log.wal().newestCheckpoint().isEmpty() && i < 100_000) {
                tradeOne(log, i++);
            }
            assertThat(log.wal().newestCheckpoint()).isPresent();
        }
    }

    @Test
    void disabledLogIsNotOpened() {
        assertThatThrownBy(() -> OrderLog.open(config().enabled(false).build()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("VELOZ_WAL_ENABLED");
        assertThat(dir).isEmptyDirectory();
    }

    @Test
    void toBuilderKeepsAllOtherSettings() {
        OrderLogConfig settings = config().checkpointEveryRecords(7)
                .checkpointInterval(Duration.ofSeconds(3))
                .keepSegments(5)
                .keepEndedOrders(Duration.ofDays(2))
                .normaliseStatus(false)
                .enabled(false)
                .build();
        assertThat(settings.toBuilder().build()).hasToString(settings.toString());
        WalConfig other = settings.wal().toBuilder().prefix("other").build();
        OrderLogConfig changed = settings.toBuilder().wal(other).build();
        assertThat(changed.toString())
                .isEqualTo(settings.toString().replace(settings.wal().toString(), other.toString()));
    }

    @Test
    void logAndReportDescribeThemselves() {
        try (OrderLog log = OrderLog.open(config().build())) {
            tradeOne(log, 0);
            assertThat(log.toString())
                    .contains(dir.toString(), "lastSequence=3, durableSequence=3", "appliedSequence=3, orders=1");
            assertThat(log.recovery().toString()).contains("checkpointSequence=0, replayedRecords=0, orders=0");
        }
    }
}
