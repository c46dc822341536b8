package io.veloz.wal.demo;

import io.veloz.wal.orders.OrderEvent;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The demo: shows the main features of the log with real data of the engine. */
@Command(
        name = "veloz-wal-demo",
        sortOptions = false,
        description = {
            "Shows the main features of the log with a real log of the trading engine: imports it; appends its events again"
                    + " from several threads, in a process that is killed; restores all orders; compares every order with"
                    + " the engine's own; ships them to a local S3 server, deletes the whole directory, and restores it"
                    + " with one call; measures the speed of the log and of the disk; and deletes a whole engine with its"
                    + " configuration, secrets, database and log, and recovers it with one command.",
            ""
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all checks passed",
            "1:with --strict: a speed target was missed",
            "2:an order is wrong, an acknowledged or archived event is lost, or the demo failed",
            "64:usage"
        })
public final class Demo implements Callable<Integer> {
    private static final String KEPT =
            "No acknowledged event was lost with a process, no archived event with the site, every order is equal, the lost"
                    + " engine is recovered";
    private static final int TURNS = 21;
    private static final long TURN_NANOS = 80_000_000;

    private final PrintStream out;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "Directory for all files, which are kept. It must be new or empty. Default: a new temporary"
                    + " directory.")
    private @Nullable Path chosen;

    @Option(
            names = "--threads",
            defaultValue = "16",
            description = "Number of threads that append. Default: ${DEFAULT-VALUE}.")
    private int threads;

    @Option(
            names = "--kills",
            defaultValue = "2",
            description = "Number of times the writer is killed. Default: ${DEFAULT-VALUE}.")
    private int kills;

    @Option(names = "--seed", description = "Seed for the times of the kills, as printed by a run. Default: random.")
    private @Nullable Long seed;

    @Option(names = "--strict", description = "A missed speed target is a failure.")
    private boolean strict;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    @Spec
    private CommandSpec command;

    @SuppressWarnings("NullAway.Init") // picocli sets the command
    Demo(PrintStream out) {
        this.out = out;
    }

    public static void main(String[] arguments) {
        silenceUnsafeNotice();
        // The demo fences a shipper on purpose, which would be logged as an error.
        System.setProperty("org.slf4j.simpleLogger.log.io.veloz.wal.archive", "off");
        System.exit(commandLine(System.out).execute(arguments));
    }

    static CommandLine commandLine(PrintStream out) {
        return new CommandLine(new Demo(out))
                .setExitCodeExceptionMapper(failure -> 2)
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    String text = failure instanceof IOException ? failure.getMessage() : failure.toString();
                    line.getErr().println("veloz-wal-demo: " + text);
                    return 2;
                })
                .setParameterExceptionHandler((failure, arguments) -> {
                    failure.getCommandLine().getErr().println("veloz-wal-demo: " + failure.getMessage());
                    failure.getCommandLine().getErr().println("Try: veloz-wal-demo --help");
                    return 64;
                });
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        checkRange("--threads", threads, 1, 256);
        checkRange("--kills", kills, 0, 100);
        long started = System.nanoTime();
        Path dir = directory();
        Screen screen = new Screen(out, Screen.isTerminal());
        out.println(
                "veloz-wal demo: a trading engine's real order log, a writer that is killed, a site that is lost, and an engine"
                        + " that is lost as a whole");
        List<String> leftOut = run(dir, screen);
        printFiles(screen, dir);
        return verdict(screen, leftOut, System.nanoTime() - started);
    }

    private void checkRange(String name, int value, int min, int max) {
        if (value < min || value > max) {
            throw new ParameterException(
                    command.commandLine(), name + " is " + value + ", expected " + min + " to " + max);
        }
    }

    /** Returns what was left out. */
    private List<String> run(Path dir, Screen screen) throws IOException, InterruptedException {
        Path engineDir = dir.resolve("engine");
        EngineLog engine = EngineLog.unpackInto(engineDir);
        EngineOrders expected = EngineOrders.read(engine.replayJson());
        List<OrderEvent> events = engine.events();
        Path orders = dir.resolve("orders");
        // The server starts while the first two parts run.
        try (DemoArchive archive = DemoArchive.start(dir.resolve("archive"), DemoArchive.serverJar())) {
            new ImportStep(screen).run(engine, expected, dir.resolve("imported"));

            Random random = new Random(keptSeed());
            screen.heading("2  Its " + Figures.count(events.size()) + " events again, each durable, by " + threads
                    + " threads of a process that gets SIGKILL (--seed " + seed + ")");
            WriterProcess writer = new WriterProcess(orders, engineDir, dir.resolve("writer-stderr.txt"), threads);
            long openNanos = new KillStep(screen, random).run(writer, events, expected, orders, kills);

            archive.awaitReady();
            screen.heading("3  The same again, shipped with a lag of about a second; then the whole directory is lost");
            Path site = dir.resolve("restored");
            WriterProcess shipping = new WriterProcess(site, engineDir, dir.resolve("shipper-stderr.txt"), threads);
            new ArchiveStep(screen, random, archive).run(shipping, site, events, expected);

            Path scratch = Files.createDirectory(dir.resolve("speed"));
            new SpeedStep(screen, threads, TURNS, TURN_NANOS).run(scratch, orders, openNanos);
            deleteFlat(scratch);

            return new LossStep(screen, archive, InstalledPrograms.find()).run(site);
        }
    }

    private long keptSeed() {
        if (seed == null) {
            seed = (long) new Random().nextInt(1_000_000);
        }
        return seed;
    }

    private Path directory() throws IOException {
        if (chosen == null) {
            return Files.createTempDirectory("veloz-wal-demo-");
        }
        Files.createDirectories(chosen);
        try (Stream<Path> files = Files.list(chosen)) {
            if (files.findAny().isPresent()) {
                throw new IOException(chosen + " is not empty; expected a new or an empty directory");
            }
        }
        return chosen.toAbsolutePath().normalize();
    }

    private void printFiles(Screen screen, Path dir) throws IOException {
        screen.heading("Files, in " + dir);
        for (String name : List.of("imported", "orders", "restored")) {
            try (Stream<Path> files = Files.list(dir.resolve(name))) {
                for (Path file : files.sorted(Comparator.naturalOrder()).toList()) {
                    printFile(Files.size(file), dir.relativize(file).toString());
                }
            }
        }
        printFile(
                EngineLog.unpackedIn(dir.resolve("engine")).bytes(),
                "engine/b-typical/wal/*, as the engine wrote them");
        out.println("   archive/objects: the objects of the S3 server");
        out.println();
        out.println("   Inspect them:  java -jar examples/ops/target/veloz-wal.jar inspect " + dir.resolve("orders"));
    }

    private void printFile(long bytes, String name) {
        out.printf(Locale.ROOT, "   %,15d bytes  %s%n", bytes, name);
    }

    private int verdict(Screen screen, List<String> leftOut, long nanos) {
        out.println();
        String took = (leftOut.isEmpty() ? "" : " Left out, see above: " + String.join(", ", leftOut) + ".") + " ("
                + Figures.seconds(nanos) + ")";
        if (screen.wrong() > 0) {
            out.println("WRONG: " + screen.wrong() + " of the checks above failed." + took);
            return 2;
        }
        if (screen.missed() > 0) {
            out.println(KEPT + ". Speed: " + screen.missed()
                    + " targets missed, see above; a busy machine can cause this." + took);
            return strict ? 1 : 0;
        }
        out.println(KEPT + ", all speed targets met." + took);
        return 0;
    }

    /**
     * Suppresses the warning that JDK 24 and later print when a library first uses sun.misc.Unsafe. It concerns the authors
     * of that library.
     */
    private static void silenceUnsafeNotice() {
        try {
            Field warned = Class.forName("sun.misc.Unsafe").getDeclaredField("memoryAccessWarned");
            warned.setAccessible(true);
            warned.setBoolean(null, true);
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Another JDK, which does not warn, or whose warning is then printed.
            return;
        }
    }

    static void deleteFlat(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
