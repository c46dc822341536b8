package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderCancel;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderUpdate;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryTest {
    private static final List<OrderEvent> EVENTS = List.of(
            OrderNew.limit("A", "BTCUSDT", Side.BUY, 2, 50000.5),
            OrderNew.limit("B", "ETHUSDT", Side.SELL, 1, 3000),
            new OrderUpdate("A", "V-1", "ACKED", "", 1),
            new OrderUpdate("B", "V-2", "ACKED", "", 1),
            OrderFill.of("A", "BTCUSDT", 0.5, 50000.25, 17),
            OrderFill.of("B", "ETHUSDT", 1, 3000, 18),
            new OrderCancel("A", "user", 20),
            OrderNew.limit("C", "BTCUSDT", Side.BUY, 1, 1));

    @TempDir
    Path scratch;

    private Path log;
    private String archive;

    @BeforeEach
    void ship() {
        log = scratch.resolve("log");
        OrderCodec codec = new OrderCodec();
        try (Wal wal = Logs.open(log)) {
            for (OrderEvent event : EVENTS) {
                wal.appendDurable(event.recordType(), codec.encode(event));
                wal.roll();
            }
        }
        archive = scratch.resolve("archive").toUri().toString();
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
    }

    private static List<Long> sequences(ToolRun run) {
        return run.lines().stream()
                .map(line -> Long.parseLong(line.substring(0, line.indexOf(' '))))
                .toList();
    }

    private long timeOf(long sequence) {
        try (WalReader reader = WalReader.open(ReadOptions.of(log).fromSequence(sequence))) {
            assertThat(reader.next()).isTrue();
            return reader.timestampNanos();
        }
    }

    @Test
    void eventsOfAClientIdAreFoundInADirectoryAndInAnArchive() {
        ToolRun local = ToolRun.of("history", "A", log).exits(ExitCode.OK);
        assertThat(sequences(local)).containsExactly(1L, 3L, 5L, 7L);
        assertThat(local.err()).isEmpty();
        ToolRun run = ToolRun.of("history", "A", archive).exits(ExitCode.OK);
        assertThat(run.out()).isEqualTo(local.out());
        assertThat(run.err().lines().toList())
                .satisfiesExactly(
                        first -> assertThat(first).matches("reading \\d of \\d segments: \\d+ requests, .* bytes.*"),
                        last -> assertThat(last).startsWith("cost: "));
    }

    @Test
    void linesAreThoseOfDump() {
        List<String> dumped = ToolRun.of("dump", log).lines();
        assertThat(ToolRun.of("history", "B", log).lines())
                .containsExactly(dumped.get(1), dumped.get(3), dumped.get(5));
    }

    @Test
    void eventsOfAVenueIdIncludeThoseBeforeItWasKnown() {
        assertThat(sequences(ToolRun.of("history", "V-1", log).exits(ExitCode.OK)))
                .containsExactly(1L, 3L, 5L, 7L);
        assertThat(sequences(ToolRun.of("history", "V-2", archive).exits(ExitCode.OK)))
                .containsExactly(2L, 4L, 6L);
    }

    @Test
    void onlySegmentsInTheRangeAreRead() throws IOException {
        // A damaged object outside of the range is not read.
        try (Stream<Path> objects = Files.list(scratch.resolve("archive/segments"))) {
            Files.write(objects.sorted().findFirst().orElseThrow(), new byte[10]);
        }
        ToolRun run = ToolRun.of("history", "--since", timeOf(3), "--until", timeOf(5), "A", archive)
                .exits(ExitCode.OK);
        assertThat(sequences(run)).containsExactly(3L, 5L);
        ToolRun.of("history", "A", archive).exits(ExitCode.FAILED);
    }

    @Test
    void unknownOrderIsAWarning() {
        ToolRun run = ToolRun.of("history", "X", log).exits(ExitCode.WARNING);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("warning: no event of \"X\" in 8 records of ");
    }

    @Test
    void jsonEndsWithTheCounts() throws IOException {
        List<String> lines = ToolRun.of("history", "--json", "V-1", archive)
                .exits(ExitCode.OK)
                .lines();
        assertThat(lines).hasSize(5);
        assertThat(new ObjectMapper().readTree(lines.get(0)).get("event").asText())
                .isEqualTo("OrderNew");
        JsonNode counts = new ObjectMapper().readTree(lines.get(4));
        assertThat(counts.get("order_id").asText()).isEqualTo("V-1");
        assertThat(counts.get("events").asLong()).isEqualTo(4);
        assertThat(counts.get("searched_records").asLong()).isEqualTo(8);
        assertThat(counts.get("cost").get("gets").asLong()).isPositive();
    }

    @Test
    void invalidCommandLinesAreUsageErrors() {
        ToolRun.of("history", "A").exits(ExitCode.USAGE);
        ToolRun.of("history", "", log).exits(ExitCode.USAGE);
        ToolRun.of("history", "--since", timeOf(5), "--until", timeOf(3), "A", log)
                .exits(ExitCode.USAGE);
    }
}
