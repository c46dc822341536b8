package io.veloz.wal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.orders.OrderEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class StepsTest {
    @TempDir
    Path dir;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final Screen screen = new Screen(out, false);
    private Path engineDir;
    private EngineLog engine;
    private EngineOrders expected;

    @BeforeEach
    void takeASlice() throws IOException {
        engineDir = dir.resolve("engine");
        engine = Slice.unpackInto(engineDir);
        expected = EngineOrders.read(engine.replayJson());
    }

    private String shown() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void importedOrdersEqualTheEnginesOwn() {
        new ImportStep(screen).run(engine, expected, dir.resolve("imported"));
        assertThat(shown()).contains("; 0 findings", "every field, every bit: 0 differences");
        assertThat(screen.wrong()).isZero();
    }

    @Test
    void ordersOfAnotherEngineAreAFailure() throws IOException {
        Path other = dir.resolve("other.json");
        Files.writeString(other, Files.readString(engine.replayJson()).replaceFirst("FILLED", "OPEN"));
        new ImportStep(screen).run(engine, EngineOrders.read(other), dir.resolve("imported"));
        assertThat(shown()).contains("WRONG", ": 1 differences", "status is FILLED, the engine has OPEN");
        assertThat(screen.wrong()).isEqualTo(1);
    }

    @Test
    void killedWriterLosesNothingAndContinuesToTheEnd() throws Exception {
        List<OrderEvent> events = engine.events();
        Path orders = dir.resolve("orders");
        WriterProcess writer = new WriterProcess(orders, engineDir, dir.resolve("stderr.txt"), 4);
        new KillStep(screen, new Random(1)).run(writer, events, expected, orders, 1);
        assertThat(shown())
                .contains("killed", "none lost", Figures.count(events.size()) + " in the log", "the same orders");
        assertThat(screen.wrong()).isZero();
    }

    private void loseTheSite(DemoArchive archive) throws Exception {
        Path site = dir.resolve("site");
        WriterProcess writer = new WriterProcess(site, engineDir, dir.resolve("stderr.txt"), 4);
        new ArchiveStep(screen, new Random(1), archive).run(writer, site, engine.events(), expected);
        assertThat(screen.wrong()).as(shown()).isZero();
        assertThat(shown()).contains("proven complete", "RPO", "RTO", "shipped in epoch 3", "fenced by epoch 3 since ");
    }

    @Test
    void lostSiteIsRestoredFromItsS3Server() throws Exception {
        try (DemoArchive archive = DemoArchive.start(dir.resolve("archive"), DemoArchive.serverJar())) {
            archive.awaitReady();
            assertThat(archive.describe()).startsWith("s3://veloz/orders, a local S3 server");
            loseTheSite(archive);
        }
    }

    @Test
    void archiveIsADirectoryIfThereIsNoServer() throws Exception {
        Path missing = dir.resolve("missing.jar");
        try (DemoArchive archive = DemoArchive.start(dir.resolve("archive"), missing)) {
            archive.awaitReady();
            assertThat(archive.describe()).startsWith("file:///").contains("no S3 server: " + missing + " is missing");
            loseTheSite(archive);
        }
    }

    @Test
    void serverThatExitsImmediatelyIsReplacedByADirectory() throws Exception {
        Path broken = Files.createFile(dir.resolve("broken.jar"));
        try (DemoArchive archive = DemoArchive.start(dir.resolve("archive"), broken)) {
            archive.awaitReady();
            assertThat(archive.describe()).startsWith("file:///").contains("no S3 server: the S3 server has exited");
        }
    }

    @Test
    void failedWriterIsReported() throws Exception {
        Path file = Files.createFile(dir.resolve("file"));
        WriterProcess writer = new WriterProcess(file, engineDir, dir.resolve("stderr.txt"), 1);
        assertThatThrownBy(() -> writer.run(10, count -> {}))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("the writer failed with exit code 1: ")
                .hasMessageContaining("WalOpenException");
    }

    @Test
    void writerReportsDurableEventsAndWritesOnlyMissingOnes() throws Exception {
        List<OrderEvent> events = engine.events().subList(0, 200);
        Path orders = dir.resolve("orders");
        new Writer(out).write(orders, events.subList(0, 100), 3);
        new Writer(out).write(orders, events, 3);
        assertThat(shown().lines().filter(line -> line.matches("acked \\d+ \\d+ \\.")))
                .hasSize(200);
        assertThat(shown().lines().filter(line -> !line.startsWith("acked ")))
                .containsExactly("open 0", "done", "open 100", "done");
    }

    @Test
    void speedIsComparedWithTheDisk() throws Exception {
        Path orders = dir.resolve("orders");
        new Writer(new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8))
                .write(orders, engine.events().subList(0, 100), 1);
        new SpeedStep(screen, 2, 1, 10_000_000).run(Files.createDirectory(dir.resolve("speed")), orders, 1_000_000);
        assertThat(shown())
                .contains("write and fdatasync, 192 bytes", "x the disk's latency", "x one thread", "1.0 ms at most");
        assertThat(screen.wrong()).isZero();
    }
}
