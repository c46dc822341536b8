package io.veloz.wal.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/** Runs a {@link Writer} in a separate process. Not thread-safe. */
final class WriterProcess {
    private final Path directory;
    private final Path engine;
    private final Path errors;
    private final int threads;
    private final List<String> shipping;
    private final Map<String, String> environment;

    /**
     * @param directory directory of the log
     * @param engine directory of the unpacked engine's log
     * @param errors file for the standard error of the process
     */
    WriterProcess(Path directory, Path engine, Path errors, int threads) {
        this(directory, engine, errors, threads, List.of(), Map.of());
    }

    private WriterProcess(
            Path directory,
            Path engine,
            Path errors,
            int threads,
            List<String> shipping,
            Map<String, String> environment) {
        this.directory = directory;
        this.engine = engine;
        this.errors = errors;
        this.threads = threads;
        this.shipping = shipping;
        this.environment = environment;
    }

    /** Returns a writer that also ships, and appends the first events at a limited rate. */
    WriterProcess shippingTo(DemoArchive archive, int events, double perSecond) {
        List<String> arguments = List.of(archive.uri(), String.valueOf(events), String.valueOf(perSecond));
        return new WriterProcess(directory, engine, errors, threads, arguments, archive.environment());
    }

    /**
     * The result of one run.
     *
     * @param acknowledged the events that it has reported as durable
     * @param done whether all events are written
     * @param killed whether it was killed, possibly after it had finished
     * @param nanos time from the opened log to the last acknowledgement
     * @param archivedSequence the last sequence that it has reported as archived; 0 if none
     * @param endNanos when it was killed or its output ended
     */
    record Result(
            List<Acknowledged> acknowledged,
            boolean done,
            boolean killed,
            long nanos,
            long archivedSequence,
            long endNanos) {}

    /**
     * Runs the process until it has finished, or kills it with SIGKILL once it has acknowledged a number of events and, if it
     * ships, has archived some.
     *
     * @throws IOException if the process fails
     */
    Result run(int killAfter, IntConsumer progress) throws IOException, InterruptedException {
        Process process = start();
        Thread orphan = new Thread(() -> process.toHandle().destroyForcibly());
        Runtime.getRuntime().addShutdownHook(orphan);
        try {
            Result life = listen(process, killAfter, progress);
            int exit = process.waitFor();
            if (!life.killed() && !life.done()) {
                throw new IOException("the writer failed with exit code " + exit + ": " + errorText());
            }
            return life;
        } finally {
            process.destroyForcibly().waitFor();
            Runtime.getRuntime().removeShutdownHook(orphan);
        }
    }

    private Process start() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Writer.class.getName(),
                directory.toString(),
                engine.toString(),
                String.valueOf(threads)));
        command.addAll(shipping);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.to(errors.toFile()));
        builder.environment().putAll(environment);
        return builder.start();
    }

    private Result listen(Process process, int killAfter, IntConsumer progress) throws IOException {
        List<Acknowledged> acknowledged = new ArrayList<>();
        boolean done = false;
        long opened = System.nanoTime();
        long last = opened;
        long archived = 0;
        boolean killed = false;
        long killedAt = 0;
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split(" ", -1);
                if (words[0].equals("open")) {
                    opened = System.nanoTime();
                    last = opened;
                } else if (words[0].equals("done")) {
                    done = true;
                } else if (words[0].equals("archived") && words.length == 3) {
                    archived = Long.parseLong(words[1]);
                } else if (words[0].equals("acked") && words.length == 4) {
                    // Only with the full stop: a truncated line is not an acknowledgement.
                    last = System.nanoTime();
                    acknowledged.add(new Acknowledged(Integer.parseInt(words[1]), Long.parseLong(words[2]), last));
                    progress.accept(acknowledged.size());
                    boolean ripe = shipping.isEmpty() || archived > 0;
                    if (!killed && acknowledged.size() >= killAfter && ripe) {
                        killed = true;
                        killedAt = System.nanoTime();
                        // By the handle, because Process.destroyForcibly() would discard the output in the pipe.
                        process.toHandle().destroyForcibly();
                    }
                }
            }
        }
        return new Result(acknowledged, done, killed, last - opened, archived, killed ? killedAt : System.nanoTime());
    }

    private String errorText() throws IOException {
        String text = Files.readString(errors).strip();
        return text.isEmpty() ? "no output" : text;
    }
}
