package io.veloz.wal.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalReader;
import io.veloz.wal.legacy.LegacyLog;
import io.veloz.wal.legacy.LegacyMode;
import io.veloz.wal.legacy.LegacyReplay;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.Side;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compiles and runs the code in README.md: {@link #readmeContainsThisCode} compares it with this file character by character,
 * except for white space and the directory.
 */
class DocumentedCodeTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    @TempDir
    Path directory;

    private static String printedBy(Example example) throws Exception {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            example.run();
        } finally {
            System.setOut(out);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    private interface Example {
        void run() throws Exception;
    }

    @Test
    void ordersAreRestored() throws Exception {
        assertThat(printedBy(this::orders)).isEmpty();
        assertThat(printedBy(this::orders)).startsWith("order-1 FILLED");
    }

    private void orders() {
        // begin
        try (OrderLog log = OrderLog.open(OrderLogConfig.builder(directory).build())) {
            // Every order that was ever acknowledged is here again.
            log.store().orders().forEach(order -> System.out.println(order.clientOrderId() + " " + order.status()));

            // Returns when it is on disk and in the store; from many threads at once they share a force.
            log.appendDurable(OrderNew.limit("order-1", "BTCUSDT", Side.BUY, 0.5, 50_000.0));
            log.appendDurable(OrderFill.of("order-1", "BTCUSDT", 0.5, 50_000.0, 1_771_113_600_000_000_000L));

            // The next open starts replaying here.
            log.checkpoint();
        }
        // end
    }

    @Test
    void recordsAreReadAsTheLogGrows() throws Exception {
        assertThat(printedBy(() -> records(new byte[5])).lines().filter(line -> line.endsWith("5 bytes")))
                .hasSize(4);
    }

    private void records(byte[] bytes) {
        // begin
        try (Wal wal = Wal.open(directory)) {
            long sequence = wal.append(7, ByteBuffer.wrap(bytes)); // has its place in the order, is not on disk yet
            wal.awaitDurable(sequence); // now it is
            wal.appendAsync(7, ByteBuffer.wrap(bytes))
                    .thenAccept(durable -> System.out.println(durable + " is on disk"));
            wal.appendDurable(new RecordGroup().add(7, ByteBuffer.wrap(bytes)).add(8, ByteBuffer.wrap(bytes)));

            try (WalReader reader = wal.reader(ReadOptions.of(wal.config()).fromSequence(1))) {
                while (reader.next(Duration.ofMillis(10))) { // continues as the log grows
                    System.out.println(reader.sequence() + " " + reader.type() + " "
                            + reader.payload().remaining() + " bytes");
                }
            }
        }
        // end
    }

    @Test
    void oldLogIsRead() throws Exception {
        directory = Path.of("src/test/resources/legacy/d-torn-minus30/wal");
        assertThat(printedBy(this::legacy)).startsWith("UNACKNOWLEDGED");
    }

    private void legacy() {
        // begin
        LegacyLog old = LegacyLog.open(directory);
        LegacyReplay truth = old.replay(LegacyMode.DEFAULT);
        truth.findings().forEach(finding -> System.out.println(finding.severity() + " " + finding.text()));
        // end
    }

    @Test
    void readmeContainsThisCode() throws IOException {
        String here = withoutSpace(Files.readString(
                ROOT.resolve("veloz-wal-orders/src/test/java/io/veloz/wal/docs/DocumentedCodeTest.java")));
        Stream<String> shown = JAVA_BLOCK
                .matcher(Files.readString(ROOT.resolve("README.md")))
                .results()
                .map(MatchResult::group)
                // The code for the archive is compiled in the module of the archive.
                .filter(block -> !block.contains("s3://"));
        assertThat(shown.map(block -> block.substring("```java".length(), block.length() - 3)))
                .hasSize(3)
                .allSatisfy(block -> assertThat(here).contains(withoutSpace("// begin" + block + "// end")));
    }

    private static String withoutSpace(String code) {
        return code.replaceAll("Path\\.of\\(\"[^\"]*(data|var)/[^\"]*\"\\)", "directory")
                .replaceAll("\\s+", "");
    }
}
