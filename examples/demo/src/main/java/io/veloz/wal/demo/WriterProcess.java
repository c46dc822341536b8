package io.veloz.wal.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/** A {@link Writer} in a process of its own, seen from outside. For one thread. */
final class WriterProcess {
    private final Path directory;
    private final Path engine;
    private final Path errors;
    private final int threads;
    private final List<String> shipping;
    private final Map<String, String> environment;

    /**
     * @param directory of the log
     * @param engine where the engine's log was unpacked
     * @param errors the file that takes what the process says to nobody
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

    /** One that ships, too, and appends the first so many events, no more than so many a second. */
    WriterProcess shippingTo(DemoArchive archive, int events, double eachSecond) {
        List<String> arguments = List.of(archive.uri(), String.valueOf(events), String.valueOf(eachSecond));
        return new WriterProcess(directory, engine, errors, threads, arguments, archive.environment());
    }

    /**
     * What one life came to.
     *
     * @param acknowledged before it ended
     * @param done whether everything is written
     * @param killed whether it was killed, which may have been too late to keep it from being done
     * @param nanos from the open log to the last acknowledgement
     * @param archivedSequence the last that it said is archived; 0 if it said nothing
     * @param endNanos when it was killed, or had no more to say
     */
    record Life(
            List<Acknowledged> acknowledged,
            boolean done,
            boolean killed,
            long nanos,
            long archivedSequence,
            long endNanos) {}

    /**
     * Lets it live until it is done, or has acknowledged so many events, and archived some if it ships: then it gets a
     * SIGKILL, wherever it is.
     *
     * @throws IOException if it ends otherwise
     */
    Life run(int killAfter, IntConsumer progress) throws IOException, InterruptedException {
        Process process = start();
        Thread orphan = new Thread(() -> process.toHandle().destroyForcibly());
        Runtime.getRuntime().addShutdownHook(orphan);
        try {
            Life life = listen(process, killAfter, progress);
            int exit = process.waitFor();
            if (!life.killed() && !life.done()) {
                throw new IOException("the writer ended by itself with exit code " + exit + ": " + errorText());
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

    private Life listen(Process process, int killAfter, IntConsumer progress) throws IOException {
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
                    // With the full stop: a line that the kill has cut short is no acknowledgement.
                    last = System.nanoTime();
                    acknowledged.add(new Acknowledged(Integer.parseInt(words[1]), Long.parseLong(words[2]), last));
                    progress.accept(acknowledged.size());
                    boolean ripe = shipping.isEmpty() || archived > 0;
                    if (!killed && acknowledged.size() >= killAfter && ripe) {
                        killed = true;
                        killedAt = System.nanoTime();
                        // By the handle: Process.destroyForcibly() would throw away what is still in the pipe.
                        process.toHandle().destroyForcibly();
                    }
                }
            }
        }
        return new Life(acknowledged, done, killed, last - opened, archived, killed ? killedAt : System.nanoTime());
    }

    private String errorText() throws IOException {
        String text = Files.readString(errors).strip();
        return text.isEmpty() ? "it said nothing" : text;
    }
}
