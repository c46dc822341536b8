package io.veloz.wal.chronicle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A program appends heap Bytes without a JVM flag, on the module path and on the class path. */
@Timeout(120)
class ModulePathTest {
    private static final String MODULE_INFO = "module app { requires io.veloz.wal.chronicle; exports app; }";

    private static final String MAIN = """
            package app;

            import io.veloz.wal.*;
            import io.veloz.wal.chronicle.*;
            import java.nio.file.Path;
            import net.openhft.chronicle.bytes.Bytes;

            public class Main {
                private Main() {}

                public static void main(String[] args) {
                    Bytes<byte[]> bytes = Bytes.allocateElasticOnHeap();
                    bytes.writeUtf8("payload");
                    try (Wal wal = Wal.open(Path.of(args[0]))) {
                        BytesAppender.of(wal).appendDurable(1, bytes);
                        try (WalReader reader = wal.reader()) {
                            reader.next();
                            bytes.clear();
                            BytesReader.of(reader).readInto(bytes);
                            System.out.println("read " + bytes.readUtf8() + " in " + BytesReader.class.getModule());
                        }
                    }
                }
            }
            """;

    @TempDir
    Path dir;

    /** What the program needs: neither the test libraries nor the optional dependencies. */
    private static String path() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(entry -> Files.isDirectory(entry)
                        ? Files.exists(entry.resolve("module-info.class"))
                        : entry.getFileName()
                                        .toString()
                                        .matches(
                                                "(veloz-wal-core-[^-]*(-SNAPSHOT)?|chronicle-(core|bytes)|posix|slf4j-api|slf4j-simple).*\\.jar")
                                && !entry.toString().endsWith("-tests.jar"))
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator));
    }

    private String compileAndRun(String pathOption, List<String> sources, List<String> run) throws IOException {
        String path = path();
        assumeTrue(
                Files.exists(Path.of(path.split(File.pathSeparator)[0]).resolve("module-info.class")),
                "the classes were compiled without their module-info");
        List<String> compile = new ArrayList<>(
                // The manifests of Chronicle's jars name jars that are not there.
                List.of("-Xlint:all,-path", "-Werror", "-d", dir.resolve("app").toString(), pathOption, path));
        compile.addAll(sources);
        StringWriter printed = new StringWriter();
        PrintWriter out = new PrintWriter(printed, true);
        int exitCode = ToolProvider.findFirst("javac").orElseThrow().run(out, out, compile.toArray(String[]::new));
        assertThat(exitCode).as(printed.toString()).isZero();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                pathOption,
                dir.resolve("app") + File.pathSeparator + path));
        command.addAll(run);
        command.add(dir.resolve("log").toString());
        Path output = dir.resolve("out");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        int code = process.onExit().join().exitValue();
        String text = Files.readString(output);
        assertThat(code).as(text).isZero();
        return text;
    }

    @Test
    void programOnTheModulePathUsesBytes() throws IOException {
        Path info = Files.writeString(dir.resolve("module-info.java"), MODULE_INFO);
        Path main = Files.writeString(dir.resolve("Main.java"), MAIN);
        assertThat(compileAndRun("-p", List.of(info.toString(), main.toString()), List.of("-m", "app/app.Main")))
                .contains("read payload in module io.veloz.wal.chronicle");
    }

    @Test
    void programOnTheClassPathUsesBytes() throws IOException {
        Path main = Files.writeString(dir.resolve("Main.java"), MAIN);
        assertThat(compileAndRun("-cp", List.of(main.toString()), List.of("app.Main")))
                .contains("read payload in unnamed module");
    }
}
