package io.veloz.wal.child;

import io.veloz.wal.Wal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.simple.SimpleLogger;

/** A JVM that runs {@link ChildLog}. Closing it kills the process. */
public final class Child implements AutoCloseable {
    /** The lifetime of a child. It ends a child that hangs, because reading its output cannot be interrupted. */
    private static final long LIFE_SECONDS = Long.getLong("veloz.childSeconds", 300);

    private final Process process;
    private final BufferedReader lines;

    private Child(Process process) {
        this.process = process;
        this.lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        CompletableFuture.delayedExecutor(LIFE_SECONDS, TimeUnit.SECONDS).execute(process::destroyForcibly);
    }

    public static Child start(String what, Path directory, String... options) throws IOException {
        return start(List.of(), what, directory, options);
    }

    /** Starts a JVM with a limit of file handles, which it cannot raise. */
    public static Child startWithHandles(int handles, String what, Path directory, String... options)
            throws IOException {
        return start(List.of("sh", "-c", "ulimit -n " + handles + " && exec \"$@\"", "sh"), what, directory, options);
    }

    private static Child start(List<String> prefix, String what, Path directory, String... options) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xshare:auto"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", classPath(), ChildLog.class.getName(), what, directory.toString()));
        return new Child(new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Returns the class path of the library, its dependencies and its tests, and of more classes. */
    public static String classPath(Class<?>... more) {
        return Stream.concat(
                        Stream.of(Wal.class, ChildLog.class, Logger.class, SimpleLogger.class, Nullable.class),
                        Stream.of(more))
                .map(type -> Path.of(java.net.URI.create(type.getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toString()))
                        .toString())
                .distinct()
                .collect(Collectors.joining(java.io.File.pathSeparator));
    }

    public long pid() {
        return process.pid();
    }

    /** Returns the next line of output; null at the end. */
    public @Nullable String line() throws IOException {
        return lines.readLine();
    }

    /** Reads up to a line with that prefix, and returns it. */
    public String lineWith(String start) throws IOException {
        StringBuilder read = new StringBuilder();
        String line;
        while ((line = line()) != null) {
            if (line.startsWith(start)) {
                return line;
            }
            read.append(line).append('\n');
        }
        throw new AssertionError("no line starts with " + start + ":\n" + read);
    }

    /** Kills the process with kill -9, and returns the rest of its output. */
    public List<String> kill() throws Exception {
        // Not Process.destroyForcibly(), which closes the stream with the rest of the output.
        process.toHandle().destroyForcibly();
        return rest();
    }

    /** Returns the output up to the end of the process. */
    public List<String> rest() throws Exception {
        List<String> rest = new ArrayList<>();
        String line;
        while ((line = line()) != null) {
            rest.add(line);
        }
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("process " + pid() + " does not end");
        }
        return rest;
    }

    /** Sends a line to the process. */
    public void send(String line) throws IOException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    public void signal(String name) throws Exception {
        int exit = new ProcessBuilder("kill", "-" + name, String.valueOf(pid()))
                .start()
                .waitFor();
        if (exit != 0) {
            throw new AssertionError("kill -" + name + " " + pid() + " answered " + exit);
        }
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        lines.close();
    }
}
