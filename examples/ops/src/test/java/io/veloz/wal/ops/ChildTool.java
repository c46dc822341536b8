package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The tool in a separate process. */
final class ChildTool implements AutoCloseable {
    private static final long LIFE_SECONDS = 300;

    private final Process process;
    private final BufferedReader out;

    private ChildTool(Process process) {
        this.process = process;
        this.out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        // A thread that reads the output of a process cannot be interrupted.
        CompletableFuture.delayedExecutor(LIFE_SECONDS, TimeUnit.SECONDS).execute(process::destroyForcibly);
    }

    static ChildTool start(Object... args) {
        return startWith(Map.of(), args);
    }

    static ChildTool startWith(Map<String, String> environment, Object... args) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= 24) {
            // As in the manifest of the jar: the LZ4 library loads native code, and newer JVMs warn about that.
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), "-XX:TieredStopAtLevel=1", Main.class.getName()));
        for (Object arg : args) {
            command.add(String.valueOf(arg));
        }
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().putAll(environment);
            return new ChildTool(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the next line, or null at the end of the output. */
    String line() {
        try {
            return out.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<String> linesLeft() {
        return out.lines().toList();
    }

    /** Kills the process as kill -9 does. Its output can still be read. */
    void kill() {
        // Not Process.destroyForcibly(), which also closes our end of the pipes.
        if (ProcessHandle.of(process.pid()).map(ProcessHandle::destroyForcibly).orElse(false)) {
            process.onExit().join();
        }
    }

    /** Sends SIGTERM, as a service manager does. The output can still be read. */
    void terminate() {
        assertThat(ProcessHandle.of(process.pid()).map(ProcessHandle::destroy)).hasValue(true);
    }

    /** Skips to the next line that contains a text, and returns it. */
    String lineWith(String text) {
        String line = line();
        while (line != null && !line.contains(text)) {
            line = line();
        }
        assertThat(line).as("a line with %s", text).isNotNull();
        return line;
    }

    String errors() throws IOException {
        return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    int exitCode() {
        return process.onExit().join().exitValue();
    }

    void closeOutput() throws IOException {
        process.getInputStream().close();
    }

    @Override
    public void close() {
        kill();
    }
}
