package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.Side;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that read an archive whose first records are retired. */
class RetiredArchiveTest {
    private static final int RECORDS = 400;
    private static final int CHECKPOINT = 200;

    @TempDir
    Path scratch;

    private String archive;
    private long first;

    @BeforeEach
    void shipAndRetire() {
        Path log = scratch.resolve("log");
        WalConfig config = WalConfig.builder(log)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .build();
        Instant begin = Instant.now().minus(Duration.ofHours(RECORDS));
        try (Wal wal = Wal.open(config)) {
            for (int i = 1; i <= RECORDS; i++) {
                append(wal, i, begin.plus(Duration.ofHours(i)));
                if (i == CHECKPOINT) {
                    wal.sync();
                    wal.writeCheckpoint(CHECKPOINT, out -> out.write(1));
                }
            }
            wal.sync();
        }
        archive = scratch.resolve("archive").toUri().toString();
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        ToolRun.of("verify", archive, "--level", "content", "--record").exits(ExitCode.OK);
        String objects = retention().err().replaceAll("(?s).*--yes ([0-9]+)\\).*", "$1");
        retention("--yes", objects).exits(ExitCode.OK);
        retention("--apply").exits(ExitCode.OK);
        first = ToolRun.of("status", archive, "--json")
                .exits(ExitCode.OK)
                .json()
                .at("/archive/first_sequence")
                .asLong();
        assertThat(first).isBetween(2L, (long) CHECKPOINT + 1);
    }

    /** The order A has the first record, and one within the age. */
    private static void append(Wal wal, int number, Instant time) {
        OrderEvent event = switch (number) {
            case 1 -> OrderNew.limit("A", "BTCUSDT", Side.BUY, 2, 50000.5);
            case RECORDS - 10 -> OrderFill.of("A", "BTCUSDT", 0.5, 50000.25, 17);
            default -> null;
        };
        int type = event == null ? 1000 : event.recordType();
        ByteBuffer payload = event == null ? ByteBuffer.allocate(300) : new OrderCodec().encode(event);
        RecordGroup group = new RecordGroup();
        group.add(type, time.getEpochSecond() * 1_000_000_000L, payload);
        wal.append(group);
    }

    private ToolRun retention(Object... more) {
        List<Object> line = new ArrayList<>(
                List.of("retention", archive, "--keep-segments", 1, "--keep-days", 3, "--grace", "1ms"));
        line.addAll(List.of(more));
        return ToolRun.of(line.toArray());
    }

    private String note() {
        return "note: the records before " + first + " were retired by care record ";
    }

    @Test
    void dumpBeginsAtTheFloorAndStatesIt() {
        ToolRun run = ToolRun.of("dump", archive).exits(ExitCode.OK);
        assertThat(run.lines()).hasSize((int) (RECORDS - first + 1));
        assertThat(run.lines().get(0)).startsWith(first + " ");
        assertThat(run.err()).contains(note());
    }

    @Test
    void historyBeginsAtTheFloorAndStatesIt() {
        ToolRun run = ToolRun.of("history", "A", archive).exits(ExitCode.OK);
        assertThat(run.lines())
                .singleElement()
                .satisfies(line -> assertThat(line).startsWith((RECORDS - 10) + " "));
        assertThat(run.err()).contains(note());
    }

    @Test
    void inspectIsSoundFromTheFloorOn() {
        ToolRun run = ToolRun.of("inspect", archive).exits(ExitCode.OK);
        assertThat(run.out()).contains("records     " + first + " to " + RECORDS, "verdict: sound");
        assertThat(run.err()).contains(note());
    }
}
