package io.veloz.wal.bench.detail;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A JVM that runs another class of this class path. It is killed when this object is closed. */
final class Child implements AutoCloseable {
    private static final int MAX_LINES = 1_000;
    private static final long END_SECONDS = 60;

    private final Process process;
    private final BufferedReader lines;
    private final Thread orphan;

    private Child(Process process) {
        this.process = process;
        this.lines = process.inputReader(StandardCharsets.UTF_8);
        this.orphan = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(orphan);
    }

    static Child start(Class<?> program, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(program.getName());
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return new Child(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** Waits for a line that the child prints. */
    void awaitLine(String expected) throws IOException {
        String line = lines.readLine();
        if (!expected.equals(line)) {
            throw new IOException("the child printed " + line + "; expected " + expected);
        }
    }

    /** Reads {@code name=value} lines until the child ends, and checks that it ended well. */
    Map<String, Long> values() throws IOException, InterruptedException {
        Map<String, Long> values = new LinkedHashMap<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            int equals = line.lastIndexOf('=');
            if (equals < 0 || values.size() == MAX_LINES) {
                throw new IOException(
                        "the child printed " + line + "; expected name=value, up to " + MAX_LINES + " lines");
            }
            values.put(line.substring(0, equals), Long.valueOf(line.substring(equals + 1)));
        }
        if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(
                    "the child " + (process.isAlive() ? "is alive" : "ended with " + process.exitValue()));
        }
        return values;
    }

    /** Sends the signal KILL, and waits until the process has ended. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        Runtime.getRuntime().removeShutdownHook(orphan);
        lines.close();
    }
}
