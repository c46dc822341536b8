package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DumpTest {
    @TempDir
    Path scratch;

    private Path log;

    private static String crcLine(int record) {
        CRC32C crc = new CRC32C();
        crc.update(("record " + record).getBytes(StandardCharsets.UTF_8));
        return String.format(Locale.ROOT, "rec %d %08x", record, crc.getValue());
    }

    private static List<String> crcLines(int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(DumpTest::crcLine).toList();
    }

    private void write(int records) {
        log = Logs.ofRecords(scratch.resolve("log"), records);
    }

    @Test
    void crcPrintsExactlyOneLinePerRecord() {
        write(12);
        ToolRun run = ToolRun.of("dump", log, "--format", "crc").exits(ExitCode.OK);
        assertThat(run.lines()).isEqualTo(crcLines(1, 12));
        assertThat(run.err()).isEmpty();
    }

    @Test
    void rangeIsInclusive() {
        write(12);
        assertThat(ToolRun.of("dump", log, "--from", 4, "--to", 6, "--format", "crc")
                        .lines())
                .isEqualTo(crcLines(4, 6));
        assertThat(ToolRun.of("dump", log, "--from", 12, "--format", "crc").lines())
                .isEqualTo(crcLines(12, 12));
        assertThat(ToolRun.of("dump", log, "--from", 13, "--format", "crc")
                        .exits(ExitCode.OK)
                        .lines())
                .isEmpty();
    }

    @Test
    void textShowsFieldsOfEventsAndOtherRecordsAsHex() {
        log = Logs.ofOrders(scratch.resolve("log"));
        try (Wal wal = Logs.open(log)) {
            wal.appendDurable(new RecordGroup()
                    .add(900, 1_000_000_001L, ByteBuffer.wrap(new byte[] {0x0A, (byte) 0xFF}))
                    .add(3, 1_000_000_002L, ByteBuffer.wrap(new byte[] {99})));
        }
        List<String> lines = ToolRun.of("dump", log).exits(ExitCode.OK).lines();
        assertThat(lines.get(0))
                .startsWith("1 2")
                .endsWith("Z OrderNew client_order_id=\"A\" symbol=\"BTCUSDT\" side=BUY order_type=LIMIT"
                        + " time_in_force=GTC order_qty=2 limit_price=50000.5");
        assertThat(lines.subList(5, 7))
                .containsExactly(
                        "6 1970-01-01T00:00:01.000000001Z type=900 bytes=2 0aff +",
                        "7 1970-01-01T00:00:01.000000002Z type=3 bytes=1 63");
    }

    @Test
    void jsonIsOneObjectPerLine() throws IOException {
        log = Logs.ofOrders(scratch.resolve("log"));
        try (Wal wal = Logs.open(log)) {
            wal.appendDurable(900, ByteBuffer.wrap(new byte[] {0x0A, (byte) 0xFF}));
        }
        ToolRun run = ToolRun.of("dump", log, "--json").exits(ExitCode.OK);
        assertThat(run.out())
                .isEqualTo(ToolRun.of("dump", log, "--format", "json").out());
        JsonNode fill = new ObjectMapper().readTree(run.lines().get(1));
        assertThat(fill.get("sequence").asLong()).isEqualTo(2);
        assertThat(fill.get("event").asText()).isEqualTo("OrderFill");
        assertThat(fill.get("price").asDouble()).isEqualTo(50000.25);
        JsonNode other = new ObjectMapper().readTree(run.lines().get(5));
        assertThat(other.get("type").asInt()).isEqualTo(900);
        assertThat(other.get("payload_hex").asText()).isEqualTo("0aff");
    }

    @Test
    void tornTailIsNotAnError() {
        write(3);
        Logs.tearTail(log);
        ToolRun run = ToolRun.of("dump", log, "--format", "crc").exits(ExitCode.OK);
        assertThat(run.lines()).isEqualTo(crcLines(1, 3));
        assertThat(run.err()).contains("torn tail");
    }

    @Test
    void recordsBeforeDamageArePrintedBeforeTheError() {
        write(12);
        Logs.damage(log.resolve("orders_0000000000000002.wal"), "record 8");
        ToolRun run = ToolRun.of("dump", log, "--format", "crc").exits(ExitCode.FAILED);
        assertThat(run.lines()).isEqualTo(crcLines(1, 7));
        assertThat(run.err()).contains("orders_0000000000000002.wal at ", "record 8");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void missingSegmentEndsTheDumpWithAnError() throws IOException {
        write(12);
        Files.delete(log.resolve("orders_0000000000000002.wal"));
        ToolRun run = ToolRun.of("dump", log, "--format", "crc").exits(ExitCode.FAILED);
        assertThat(run.lines()).isEqualTo(crcLines(1, 5));
    }

    @Test
    void missingCurrentSegmentEndsTheDumpWithAnError() throws IOException {
        write(12);
        Files.delete(log.resolve("orders_current.wal"));
        ToolRun run = ToolRun.of("dump", log, "--format", "crc").exits(ExitCode.FAILED);
        assertThat(run.lines()).isEqualTo(crcLines(1, 12));
    }

    @Test
    void declaredLossesAreSkippedWithAWarning() throws IOException {
        write(12);
        Files.delete(log.resolve("orders_0000000000000002.wal"));
        Path salvaged = scratch.resolve("salvaged");
        ToolRun.of("salvage", log, salvaged);
        ToolRun run = ToolRun.of("dump", salvaged, "--format", "crc").exits(ExitCode.WARNING);
        assertThat(run.lines()).hasSize(7).contains(crcLine(5), crcLine(11));
        assertThat(run.err()).contains("warning: records 6 to 10 lost");
    }

    @Test
    void trimmedFirstRecordIsAnError() {
        log = scratch.resolve("log");
        try (Wal wal = Logs.open(log)) {
            for (int i = 0; i < 6; i++) {
                wal.appendDurable(7, ByteBuffer.wrap(new byte[] {1}));
                wal.roll();
                wal.writeCheckpoint(wal.lastSequence(), out -> {});
            }
            wal.trim(0);
        }
        ToolRun.of("dump", log, "--from", 1).failsWith("record 1 has been trimmed");
    }

    @Test
    void closedOutputEndsTheCommandSilently() {
        write(12);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = new Tool(Streams.of(failing("Broken pipe"), err, 0)).run("dump", log.toString());
        assertThat(code).isEqualTo(ExitCode.OK);
        assertThat(err.size()).isZero();
    }

    @Test
    void outputThatCannotBeWrittenIsAnError() {
        write(12);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = new Tool(Streams.of(failing("No space left on device"), err, 0)).run("dump", log.toString());
        assertThat(code).isEqualTo(ExitCode.FAILED);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("No space left on device");
    }

    @Test
    void memoryThatRunsOutIsAFailureAndNotAWarning() {
        write(12);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        AtomicBoolean thrown = new AtomicBoolean();
        ByteArrayOutputStream out = new ByteArrayOutputStream() {
            @Override
            public void write(byte[] bytes, int offset, int length) {
                if (!thrown.getAndSet(true)) {
                    throw new OutOfMemoryError("Java heap space");
                }
                super.write(bytes, offset, length);
            }
        };
        int code = new Tool(Streams.of(out, err, 0)).run("dump", "--json", log.toString());
        assertThat(code).isEqualTo(ExitCode.FAILED);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualToIgnoringNewLines("error: memory ran out (Java heap space); run it with a larger heap:"
                        + " java -Xmx4g -jar veloz-wal.jar");
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("\"exit_code\":2");
    }

    private static OutputStream failing(String message) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(message);
            }
        };
    }

    @Test
    void invalidCommandLinesAreUsageErrors() {
        write(3);
        for (List<String> args : List.of(
                List.of("--from", "0"),
                List.of("--to", "0"),
                List.of("--from", "3", "--to", "2"),
                List.of("--from", "x"),
                List.of("--format", "xml"),
                List.of("--json", "--format", "crc"),
                List.of("--frob"))) {
            Object[] line = new Object[args.size() + 2];
            line[0] = "dump";
            line[1] = log;
            System.arraycopy(args.toArray(), 0, line, 2, args.size());
            ToolRun run = ToolRun.of(line).exits(ExitCode.USAGE);
            assertThat(run.out()).isEmpty();
            assertThat(run.err()).startsWith("error: ").contains("veloz-wal dump --help");
        }
        ToolRun.of("dump").exits(ExitCode.USAGE);
    }
}
