package io.veloz.wal.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/** A {@link Writer} in a process of its own, seen from outside. For one thread. */
final class WriterProcess {
    private final Path directory;
    private final Path engine;
    private final Path errors;
    private final int threads;

    /**
     * @param directory of the log
     * @param engine where the engine's log was unpacked
     * @param errors the file that takes what the process says to nobody
     */
    WriterProcess(Path directory, Path engine, Path errors, int threads) {
        this.directory = directory;
        this.engine = engine;
        this.errors = errors;
        this.threads = threads;
    }

    /**
     * What one life came to.
     *
     * @param acknowledged before it ended
     * @param done whether everything is written; false if it was killed before
     * @param nanos from the open log to the last acknowledgement
     */
    record Life(List<Acknowledged> acknowledged, boolean done, long nanos) {}

    /**
     * Lets it live until it is done, or has acknowledged so many events: then it gets a SIGKILL, wherever it is.
     *
     * @throws IOException if it ends otherwise
     */
    Life run(int killAfter, IntConsumer progress) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Writer.class.getName(),
                        directory.toString(),
                        engine.toString(),
                        String.valueOf(threads))
                .redirectError(ProcessBuilder.Redirect.to(errors.toFile()))
                .start();
        Thread orphan = new Thread(() -> process.toHandle().destroyForcibly());
        Runtime.getRuntime().addShutdownHook(orphan);
        try {
            Life life = listen(process, killAfter, progress);
            int exit = process.waitFor();
            if (life.acknowledged().size() < killAfter && !life.done()) {
                throw new IOException("the writer ended by itself with exit code " + exit + ": " + errorText());
            }
            return life;
        } finally {
            process.destroyForcibly().waitFor();
            Runtime.getRuntime().removeShutdownHook(orphan);
        }
    }

    private static Life listen(Process process, int killAfter, IntConsumer progress) throws IOException {
        List<Acknowledged> acknowledged = new ArrayList<>();
        boolean done = false;
        long opened = System.nanoTime();
        long last = opened;
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split(" ", -1);
                if (words[0].equals("open")) {
                    opened = System.nanoTime();
                    last = opened;
                } else if (words[0].equals("done")) {
                    done = true;
                } else if (words[0].equals("acked") && words.length == 4) {
                    // With the full stop: a line that the kill has cut short is no acknowledgement.
                    acknowledged.add(new Acknowledged(Integer.parseInt(words[1]), Long.parseLong(words[2])));
                    last = System.nanoTime();
                    progress.accept(acknowledged.size());
                    if (acknowledged.size() == killAfter) {
                        // By the handle: Process.destroyForcibly() would throw away what is still in the pipe.
                        process.toHandle().destroyForcibly();
                    }
                }
            }
        }
        return new Life(acknowledged, done, last - opened);
    }

    private String errorText() throws IOException {
        String text = Files.readString(errors).strip();
        return text.isEmpty() ? "it said nothing" : text;
    }
}
