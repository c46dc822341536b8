package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderSnapshot;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that read a log read an archive as they read a directory. */
class ReadArchiveTest {
    @TempDir
    Path scratch;

    private Path log;
    private String archive;

    @BeforeEach
    void shipLog() {
        log = scratch.resolve("log");
        OrderStore store = new OrderStore();
        try (Wal wal = Logs.open(log)) {
            for (int i = 1; i <= 4; i++) {
                Logs.appendOrders(wal, new OrderStore());
                wal.appendDurable(7, ByteBuffer.wrap(("record " + i).getBytes(StandardCharsets.UTF_8)));
                wal.roll();
            }
            Logs.appendOrders(wal, store);
        }
        archive = scratch.resolve("archive").toUri().toString();
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
    }

    private Path segmentObject(int number) throws IOException {
        try (Stream<Path> objects = Files.list(scratch.resolve("archive/segments"))) {
            return objects.sorted().skip(number - 1).findFirst().orElseThrow();
        }
    }

    private long timeOf(long sequence) {
        try (WalReader reader = WalReader.open(ReadOptions.of(log).fromSequence(sequence))) {
            assertThat(reader.next()).isTrue();
            return reader.timestampNanos();
        }
    }

    private static Object[] command(Object place, List<Object> options) {
        List<Object> line = new ArrayList<>(List.of("dump"));
        line.addAll(options);
        line.add(place);
        return line.toArray();
    }

    private void assertSameDump(Object... options) {
        ToolRun local = ToolRun.of(command(log, List.of(options))).exits(ExitCode.OK);
        ToolRun run = ToolRun.of(command(archive, List.of(options))).exits(ExitCode.OK);
        assertThat(run.out()).isEqualTo(local.out());
        assertThat(local.err()).isEmpty();
        assertThat(run.err()).matches("cost: \\d+ requests \\(\\d+ lists\\), .* bytes.*\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json", "crc"})
    void dumpPrintsTheSame(String format) {
        assertSameDump("--format", format);
    }

    @Test
    void dumpOfARangePrintsTheSame() {
        assertSameDump("--from", 8, "--to", 15);
        assertSameDump("--from", 29);
        assertSameDump("--from-time", timeOf(9), "--until", timeOf(20));
        assertSameDump("--until", timeOf(3));
    }

    @Test
    void dumpOfARangeByTimeContainsItsEnds() {
        List<String> lines = ToolRun.of("dump", "--from-time", timeOf(9), "--until", timeOf(20), archive)
                .lines();
        assertThat(lines.get(0)).startsWith("9 ");
        assertThat(lines.get(lines.size() - 1)).startsWith("20 ");
    }

    @Test
    void recordsBeforeADamagedObjectArePrinted() throws IOException {
        Path object = segmentObject(3);
        byte[] bytes = Files.readAllBytes(object);
        bytes[bytes.length / 2] ^= 1;
        Files.write(object, bytes);
        ToolRun run = ToolRun.of("dump", archive).exits(ExitCode.FAILED);
        assertThat(run.lines()).hasSize(12);
        assertThat(run.err())
                .contains("error: SHA-256 mismatch in ", "(segment 3, records 13 to 18)", "verify the archive");
    }

    @Test
    void ordersPrintsTheSameFromACheckpointOn() {
        OrderStore store = new OrderStore();
        OrderCodec codec = new OrderCodec();
        try (WalReader reader = WalReader.open(ReadOptions.of(log))) {
            while (reader.next()) {
                if (OrderCodec.isOrderType(reader.type())) {
                    store.apply(reader.sequence(), 1, codec.decode(reader.type(), reader.payload()));
                }
            }
        }
        try (Wal wal = Logs.open(log)) {
            OrderSnapshot snapshot = store.snapshot();
            wal.writeCheckpoint(snapshot.coveredSequence(), snapshot::writeTo);
            Logs.appendOrders(wal, store);
        }
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        ObjectNode found =
                (ObjectNode) ToolRun.of("orders", archive).exits(ExitCode.OK).json();
        JsonNode cost = found.remove("cost");
        assertThat(found).isEqualTo(ToolRun.of("orders", log).exits(ExitCode.OK).json());
        assertThat(cost.get("gets").asLong()).isPositive();
        assertThat(cost.get("bytes").asLong()).isPositive();
    }

    @Test
    void inspectStatesTheSameSegments() {
        JsonNode found =
                ToolRun.of("inspect", "--json", archive).exits(ExitCode.OK).json();
        JsonNode local = ToolRun.of("inspect", "--json", log).exits(ExitCode.OK).json();
        for (String field : List.of("log_id", "verdict", "first_sequence", "last_sequence", "records", "checkpoint")) {
            assertThat(found.get(field)).as(field).isEqualTo(local.get(field));
        }
        assertThat(found.get("segments").get(0)).isEqualTo(local.get("segments").get(0));
        assertThat(found.get("cost").get("lists").asLong()).isPositive();
        assertThat(ToolRun.of("inspect", archive).exits(ExitCode.OK).out())
                .contains(
                        "records     1 to 29 (29 records)",
                        "verdict: sound",
                        "orders_0000000000000004.wal",
                        "writer      not known")
                .doesNotContain("1970-");
    }

    @Test
    void optionsOfTheOtherPlaceAreUsageErrors() {
        assertThat(ToolRun.of("dump", "--prefix", "other", archive)
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("--prefix requires a directory");
        assertThat(ToolRun.of("dump", "--region", "eu-west-1", log)
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("the store options require a URI");
    }

    @Test
    void placeWithoutAnArchiveIsRefused() {
        String empty = scratch.resolve("empty").toUri().toString();
        assertThat(ToolRun.of("dump", empty).exits(ExitCode.REFUSED).err()).contains("is not an archive");
    }
}
