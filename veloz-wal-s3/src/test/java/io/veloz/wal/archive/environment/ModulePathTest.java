package io.veloz.wal.archive.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program uses the log and its archive: on the module path, in a separate process, and on the class path. Its compiler
 * treats every warning as an error. Optional dependencies are absent.
 */
@Timeout(120)
class ModulePathTest {
    private static final String APP_INFO =
            "module app { requires io.veloz.wal.archive; requires io.veloz.wal.orders; exports app; }";

    private static final String MAIN = """
                package app;

                import io.veloz.wal.*;
                import io.veloz.wal.archive.*;
                import io.veloz.wal.archive.store.*;
                import io.veloz.wal.orders.*;
                import io.veloz.wal.restore.*;
                import java.nio.ByteBuffer;
                import java.nio.file.Path;
                import java.time.Duration;
                import java.util.Map;

                public class Main {
                    private Main() {}

                    public static void main(String[] args) {
                        Path dir = Path.of(args[0]);
                        String archive = dir.resolve("archive").toUri().toString();
                        try (OrderLog log = OrderLog.open(OrderLogConfig.builder(dir.resolve("log")).build());
                                WalShipper shipper = WalShipper.start(log.wal(), ShipperConfig.builder(archive).build())) {
                            long last = log.appendDurable(OrderNew.limit("A", "BTCUSDT", Side.BUY, 2, 50000.5));
                            System.out.println("archived " + shipper.awaitArchived(last, Duration.ofSeconds(60)));
                        }
                        RestoreReport report = WalRecovery.restoreFrom(archive, RestoreOptions.into(dir.resolve("restored")));
                        System.out.println("restored " + report.lastSequence());
                        try (ArchiveReader archived = ArchiveReader.open(archive);
                                WalReader reader = WalReader.open(archived.options())) {
                            System.out.println("read " + reader.next());
                        }
                        try (ObjectStore store = ObjectStores.open(
                                "s3://bucket/p", Map.of("endpoint", "http://127.0.0.1:1"))) {
                            store.list("", "");
                        } catch (StoreException e) {
                            System.out.println("s3 " + e);
                        }
                        System.out.println("module " + Wal.class.getModule().getName() + ", "
                                + WalShipper.class.getModule().getName());
                    }
                }
                """;

    @TempDir
    Path dir;

    private String modulePath;

    /** Collects the modules that a program requires, without test libraries and test classes. */
    @BeforeEach
    void collectModules() {
        List<Path> entries = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(entry -> isRequiredJar(entry) || hasDescriptor(entry))
                .toList();
        boolean isFromMaven = Path.of(System.getProperty("java.class.path").split(File.pathSeparator)[0])
                .endsWith("target/test-classes");
        assumeTrue(
                isFromMaven
                        || entries.stream()
                                        .filter(ModulePathTest::hasDescriptor)
                                        .count()
                                >= 2,
                "the classes were compiled without their module-info");
        modulePath = entries.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    private static boolean isRequiredJar(Path entry) {
        String name = entry.getFileName().toString();
        return name.endsWith(".jar")
                && !name.endsWith("-tests.jar")
                && !name.matches(
                        "(junit|jqwik|assertj|archunit|opentest4j|apiguardian|byte-buddy|surefire|jspecify|micrometer).*");
    }

    private static boolean hasDescriptor(Path entry) {
        if (Files.isDirectory(entry)) {
            return Files.exists(entry.resolve("module-info.class"));
        }
        try (JarFile jar = new JarFile(entry.toFile())) {
            return entry.getFileName().toString().startsWith("veloz-wal") && jar.getEntry("module-info.class") != null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Compiles a program on the module path. Returns the exit code and the output of the compiler. */
    private String compile(String body) throws IOException {
        Files.createDirectories(dir.resolve("src"));
        Path info = Files.writeString(dir.resolve("src/module-info.java"), APP_INFO);
        return compile(body, "-p", info.toString());
    }

    private String compile(String body, String pathOption, String... moreSources) throws IOException {
        Path source = Files.createDirectories(dir.resolve("src/app"));
        Files.writeString(source.resolve("Main.java"), body);
        List<String> arguments = new ArrayList<>(
                List.of("-Xlint:all", "-Werror", "-d", dir.resolve("app").toString(), pathOption, modulePath));
        arguments.addAll(List.of(moreSources));
        arguments.add(source.resolve("Main.java").toString());
        StringWriter printed = new StringWriter();
        int exitCode = ToolProvider.findFirst("javac")
                .orElseThrow()
                .run(new PrintWriter(printed, true), new PrintWriter(printed, true), arguments.toArray(String[]::new));
        return exitCode + " " + printed;
    }

    /** Compiles the program, and runs it on the module path with options of the JVM. */
    private void run(String... options) throws IOException {
        assertThat(compile(MAIN)).isEqualTo("0 ");
        Path out = dir.resolve("out");
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-p", dir.resolve("app") + File.pathSeparator + modulePath, "-m", "app/app.Main", dir.toString()));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile());
        builder.environment().putAll(Map.of("AWS_ACCESS_KEY_ID", "id", "AWS_SECRET_ACCESS_KEY", "secret"));
        Process process = builder.start();
        int exitCode = process.onExit().join().exitValue();
        String printed = Files.readString(out);
        assertThat(exitCode).as(printed).isZero();
        assertThat(printed)
                .contains(
                        "archived true",
                        "restored 1",
                        "read true",
                        "s3 ",
                        "(ConnectException)",
                        "module io.veloz.wal, io.veloz.wal.archive");
    }

    @Test
    void programOfNamedModulesShipsAndRestores() throws IOException {
        run();
    }

    @Test
    void recordingOfAProgramOfNamedModulesHasTheEvents() throws IOException {
        Path recording = dir.resolve("recording.jfr");
        run("-XX:StartFlightRecording:filename=" + recording + ",settings=default");
        assertThat(RecordingFile.readAllEvents(recording).stream()
                        .map(event -> event.getEventType().getName())
                        .filter(name -> name.startsWith("io.veloz.wal.")))
                .contains("io.veloz.wal.Recovery", "io.veloz.wal.Ship", "io.veloz.wal.Restore");
    }

    /** As in an image that was linked for the program. */
    @Test
    void programOfNamedModulesWorksWithoutTheFlightRecorder() throws IOException {
        run("--limit-modules", "app");
    }

    @Test
    void programOnTheClassPathCompilesWithoutAWarning() throws IOException {
        assertThat(compile(MAIN, "-cp")).isEqualTo("0 ");
    }

    @Test
    void internalsAreNotAccessible() throws IOException {
        String main = """
                package app;

                public class Main {
                    io.veloz.wal.internal.format.LogId log;
                    io.veloz.wal.archive.internal.format.ArchiveKeys keys;
                }
                """;
        assertThat(compile(main))
                .startsWith("1 ")
                .contains(
                        "package io.veloz.wal.internal.format is not visible",
                        "package io.veloz.wal.archive.internal.format is not visible");
    }
}
