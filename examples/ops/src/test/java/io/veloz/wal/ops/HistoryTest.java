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
                        first -> assertThat(first)
                                .matches(
                                        "index: searched 8 of \\d segments; reading \\d segments: \\d requests, .* bytes.*"),
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
    void costIsStatedForBothPassesOfASearchByTheVenueId() {
        assertThat(ToolRun.of("history", "--scan", "V-2", archive)
                        .exits(ExitCode.OK)
                        .err())
                .startsWith("reading ")
                .contains("; up to twice if that is the id of the venue");
    }

    @Test
    void venueIdThatWasStatedBeforeTheRangeInAReadSegmentIsLinked() {
        Path one = scratch.resolve("one");
        OrderCodec codec = new OrderCodec();
        try (Wal wal = Logs.open(one)) {
            for (OrderEvent event : EVENTS) {
                wal.appendDurable(event.recordType(), codec.encode(event));
            }
        }
        long fill;
        try (WalReader reader = WalReader.open(ReadOptions.of(one).fromSequence(5))) {
            assertThat(reader.next()).isTrue();
            fill = reader.timestampNanos();
        }
        assertThat(sequences(ToolRun.of("history", "--since", fill, "V-1", one).exits(ExitCode.OK)))
                .containsExactly(5L, 7L);
    }

    @Test
    void unknownOrderIsAWarning() {
        ToolRun run = ToolRun.of("history", "X", log).exits(ExitCode.WARNING);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("warning: no event of \"X\" in 8 records of ");
    }

    @Test
    void jsonEndsWithTheCounts() throws IOException {
        List<String> lines = ToolRun.of("history", "--scan", "--json", "V-1", archive)
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

    // ---- index

    private void damage(String folder, int number) throws IOException {
        try (Stream<Path> objects = Files.list(scratch.resolve("archive").resolve(folder))) {
            Files.write(objects.sorted().toList().get(number - 1), new byte[10]);
        }
    }

    @Test
    void onlySegmentsWithTheOrderAreReadByTheIndex() throws IOException {
        damage("segments", 8);
        assertThat(sequences(ToolRun.of("history", "V-1", archive).exits(ExitCode.OK)))
                .containsExactly(1L, 3L, 5L, 7L);
        ToolRun.of("history", "C", archive).exits(ExitCode.FAILED);
        ToolRun.of("history", "--scan", "V-1", archive).exits(ExitCode.FAILED);
    }

    @Test
    void segmentsWhoseIndexIsDamagedAreRead() throws IOException {
        damage("index", 3);
        ToolRun run = ToolRun.of("history", "A", archive).exits(ExitCode.OK);
        assertThat(sequences(run)).containsExactly(1L, 3L, 5L, 7L);
        assertThat(run.err())
                .contains("index: searched 7 of ")
                .contains("warning: ")
                .contains("no index has 10 bytes");
    }

    @Test
    void absenceInTheIndexIsNoProof() {
        assertThat(ToolRun.of("history", "X", archive).exits(ExitCode.WARNING).err())
                .contains("no event of \"X\"")
                .contains("the index of 8 segments does not contain it, which is no proof: --scan reads all");
        assertThat(ToolRun.of("history", "--scan", "X", archive)
                        .exits(ExitCode.WARNING)
                        .err())
                .contains("no event of \"X\" in 8 records")
                .doesNotContain("no proof");
    }

    @Test
    void jsonStatesWhatWasSearchedByTheIndex() throws IOException {
        List<String> lines =
                ToolRun.of("history", "--json", "C", archive).exits(ExitCode.OK).lines();
        JsonNode counts = new ObjectMapper().readTree(lines.get(lines.size() - 1));
        assertThat(counts.get("events").asLong()).isEqualTo(1);
        assertThat(counts.get("searched_by_index").asLong()).isEqualTo(8);
        assertThat(counts.get("searched_records").asLong()).isEqualTo(1);
    }

    @Test
    void indexIsMadeAfterwards() throws IOException {
        String plain = scratch.resolve("plain").toUri().toString();
        ToolRun.of("ship", "--once", "--no-index", log, plain).exits(ExitCode.OK);
        assertThat(scratch.resolve("plain/index")).doesNotExist();
        assertThat(ToolRun.of("history", "A", plain).exits(ExitCode.OK).err()).contains("index: searched 0 of ");
        assertThat(ToolRun.of("index", plain).exits(ExitCode.OK).out())
                .contains("segments    8, 8 indexed now")
                .contains("merged      0 made now");
        assertThat(ToolRun.of("history", "A", plain).exits(ExitCode.OK).err()).contains("index: searched 8 of ");
        try (Stream<Path> objects = Files.list(scratch.resolve("plain/index"))) {
            Files.write(objects.sorted().toList().get(2), new byte[10]);
        }
        ToolRun.of("index", plain).exits(ExitCode.OK);
        JsonNode report = new ObjectMapper()
                .readTree(ToolRun.of("index", "--check", "--json", plain)
                        .exits(ExitCode.WARNING)
                        .out());
        assertThat(report.get("made").asLong()).isEqualTo(1);
        assertThat(report.get("findings").get(0).asText()).contains("it is made again");
        assertThat(ToolRun.of("index", "--check", plain).exits(ExitCode.OK).out())
                .contains("8, 0 indexed now");
    }

    @Test
    void invalidCommandLinesAreUsageErrors() {
        ToolRun.of("history", "A").exits(ExitCode.USAGE);
        ToolRun.of("history", "", log).exits(ExitCode.USAGE);
        ToolRun.of("history", "--since", timeOf(5), "--until", timeOf(3), "A", log)
                .exits(ExitCode.USAGE);
    }
}
