package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderStore;
import io.veloz.wal.orders.Side;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code verify URI --level replay}. */
class VerifyReplayTest {
    @TempDir
    Path scratch;

    private Path directory;
    private String archive;

    @BeforeEach
    void names() {
        directory = scratch.resolve("log");
        archive = scratch.resolve("archive").toUri().toString();
    }

    private WalConfig config() {
        return WalConfig.builder(directory)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .build();
    }

    /** A shipper ships a checkpoint when the archive contains the records that it covers: the second one does. */
    private void ship() {
        ToolRun.of("ship", "--once", directory, archive).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", directory, archive).exits(ExitCode.OK);
    }

    private ToolRun verify(Object... more) {
        Object[] args = new Object[more.length + 4];
        args[0] = "verify";
        args[1] = archive;
        args[2] = "--level";
        args[3] = "replay";
        System.arraycopy(more, 0, args, 4, more.length);
        return ToolRun.of(args);
    }

    /** Trades orders in a log with checkpoints, and drops most of the ended ones at each. */
    private void trade(int from, int to) {
        OrderLogConfig orders =
                OrderLogConfig.builder(config()).maxEndedOrders(3).build();
        try (OrderLog log = OrderLog.open(orders)) {
            for (int i = from; i < to; i++) {
                String id = "order-" + i;
                log.append(OrderNew.limit(id, "BTCUSDT", Side.BUY, 2.0, 50_000.0 + i));
                log.append(OrderFill.of(id, "BTCUSDT", i % 3 == 0 ? 1.0 : 2.0, 50_000.0 + i, 2_000 + i)
                        .withTradeId("trade-" + i));
                if (i % 50 == 49) {
                    log.wal().append(700, ByteBuffer.allocate(8));
                    log.wal().sync();
                    log.checkpoint();
                }
            }
            log.wal().sync();
        }
        ship();
    }

    @Test
    void ordersAreReplayedAndComparedWithTheArchivedCheckpoints() {
        trade(0, 120);
        trade(120, 240);
        assertThat(verify().exits(ExitCode.OK).out())
                .contains("verdict: sound", "compared with 2 checkpoints", "others      4 records of type 700");
        JsonNode replay = verify("--record", "--json").exits(ExitCode.OK).json().get("replay");
        assertThat(replay.get("records").asLong()).isEqualTo(2 * 240 + 4);
        assertThat(replay.get("other_types").get("700").asLong()).isEqualTo(4);
        assertThat(ToolRun.of("status", archive).exits(ExitCode.OK).out()).contains("verified    replay up to record ");
    }

    @Test
    void incrementalReplayBeginsWithTheCheckpointThatWasVerifiedLast() {
        trade(0, 240);
        verify("--record").exits(ExitCode.OK);
        trade(240, 480);
        JsonNode json =
                verify("--incremental", "--record", "--json").exits(ExitCode.OK).json();
        assertThat(json.get("skipped_segments").asLong()).isPositive();
        assertThat(json.get("replay").get("checkpoints").asLong()).isEqualTo(1);
        assertThat(json.get("replay").get("records").asLong()).isLessThan(2 * 480 - 200);
    }

    @Test
    void checkpointWithAnotherStateIsDamage() {
        OrderStore engine = new OrderStore();
        OrderCodec codec = new OrderCodec();
        try (Wal wal = Wal.open(config())) {
            for (OrderEvent event : Logs.EVENTS) {
                long sequence = wal.appendDurable(event.recordType(), codec.encode(event));
                if (sequence != 2) {
                    engine.apply(sequence, sequence, event);
                }
            }
            wal.writeCheckpoint(Logs.EVENTS.size(), out -> engine.snapshot().writeTo(out));
        }
        ship();
        ToolRun.of("verify", archive, "--level", "content").exits(ExitCode.OK);
        assertThat(verify().exits(ExitCode.FAILED).out())
                .contains(
                        "- attachments/checkpoint_",
                        "the checkpoint of record 5: order A: executedQuantity is 1.5 in the checkpoint, 2.0 in the"
                                + " replayed records",
                        "verdict: damaged");
    }

    @Test
    void logWithoutOrdersIsAWarning() {
        Logs.ofRecords(directory, 10);
        ship();
        assertThat(verify().exits(ExitCode.WARNING).out())
                .contains(
                        "replayed    nothing: no record is an order event",
                        "others      10 records of type 7",
                        "verdict: warning");
    }

    @Test
    void sampleIsRefused() {
        assertThat(verify("--sample", 10).exits(ExitCode.USAGE).err()).contains("a sample cannot be replayed");
    }
}
