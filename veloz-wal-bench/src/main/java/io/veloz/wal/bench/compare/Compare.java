package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.process.Children;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The program that compares the logs. {@link Arguments#help} describes its arguments. */
public final class Compare {
    static final int MEASURED = 0;
    static final int FAILED = 1;
    static final int NOT_STARTED = 2;

    private final Installation installation;
    private final PrintStream out;
    private final PrintStream err;

    Compare(Installation installation, PrintStream out, PrintStream err) {
        this.installation = installation;
        this.out = out;
        this.err = err;
    }

    /** Runs the program, and returns its exit code. */
    public static int run(String... words) throws IOException, InterruptedException {
        return new Compare(Installation.current(), System.out, System.err).execute(words);
    }

    int execute(String... words) throws IOException, InterruptedException {
        try {
            Arguments arguments = Arguments.parse(words);
            if (arguments.isHelp()) {
                out.print(Arguments.help());
                return MEASURED;
            }
            if (arguments.from().isPresent()) {
                return report(arguments, arguments.from().get());
            }
            return measure(arguments);
        } catch (IllegalArgumentException e) {
            err.println(e.getMessage());
            return NOT_STARTED;
        }
    }

    private int report(Arguments arguments, Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + " is missing");
        }
        Path directory = arguments
                .results()
                .orElseGet(() -> file.toAbsolutePath().normalize().resolveSibling(""));
        Files.createDirectories(directory);
        List<Row> rows = Csv.read(file);
        Report.write(new Results(rows), directory);
        out.println("wrote results.md and the plots to " + directory);
        return MEASURED;
    }

    private int measure(Arguments arguments) throws IOException, InterruptedException {
        Scratch scratch = new Scratch(arguments.directory());
        Children children = new Children();
        Thread hook = new Thread(() -> end(children, scratch), "end");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            return new Comparison(arguments, installation, scratch, children, out).run();
        } finally {
            end(children, scratch);
            removeHook(hook);
        }
    }

    /** Kills what runs, and deletes the logs; at Ctrl-C as well. */
    private void end(Children children, Scratch scratch) {
        children.close();
        try {
            scratch.close();
        } catch (IOException e) {
            err.println("not deleted: " + scratch.directory() + ": " + e);
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending, and the hook runs.
        }
    }
}
