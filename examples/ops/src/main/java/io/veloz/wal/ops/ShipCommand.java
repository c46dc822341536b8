package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.SpoolPolicy;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ship}: keeps an archive equal to a log. */
@Command(
        name = "ship",
        description = {
            "Ships a log into its archive, about a second behind it, until it is stopped (Ctrl-C, or SIGTERM).",
            "",
            "Runs beside the engine that writes the log, and only reads there. To start it is to take over the archive:"
                    + " whoever else ships into it is fenced, so an engine that ships by itself needs no `ship`. While the"
                    + " store is away it goes on trying, and says so. When it is stopped it ships what is durable, within"
                    + " a bound, and says what is left; nothing is lost by that, the next start goes on there."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal ship /var/lib/veloz/wal s3://bucket/orders",
            "  veloz-wal ship --once /var/lib/veloz/wal file:///mnt/backup/orders",
            "  veloz-wal ship --json --status-interval 10s /var/lib/veloz/wal s3://bucket/orders | ...",
            "",
            "  0   everything durable is archived",
            "  1   stopped, and something is left to ship",
            "  2   it failed",
            "  3   fenced: another writer has taken over the archive. A supervisor must not restart it (systemd:"
                    + " RestartPreventExitStatus=3)",
            "  4   refused: log and archive are inconsistent, or another writer may be alive",
            "  5   --once: the store does not let us through",
            "  64  usage"
        })
final class ShipCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR", description = "The directory of the log.")
    private Path directory = Path.of("");

    @Parameters(index = "1", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "What the names of the log's files begin with. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Option(names = "--once", description = "Ships all that is durable now, and ends. For a timer, such as cron.")
    private boolean once;

    @Option(
            names = "--patience",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "With --once: gives up when nothing got through for so long. Default: 5m.")
    private Duration patience = Duration.ofMinutes(5);

    @Option(
            names = "--flush-interval",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "How often durable records are shipped, if there are any: about what a lost site costs."
                    + " Each is one PUT. Default: 1s.")
    private Duration flushInterval = Duration.ofSeconds(1);

    @Option(
            names = "--bandwidth",
            paramLabel = "BYTES",
            converter = Quantities.Bytes.class,
            description = "How many bytes a second segments may take, as 10MiB; tails are not held back."
                    + " Default: no limit.")
    private @Nullable Long bandwidth;

    @Option(
            names = "--end-within",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "When it is stopped: how long it tries to ship the rest. Default: 10s.")
    private Duration endWithin = Duration.ofSeconds(10);

    @Option(
            names = "--declare-gaps",
            description = "If records were trimmed before they were archived, the archive declares them lost, for"
                    + " ever, and goes on behind them. Default: refused.")
    private boolean declareGaps;

    @Option(
            names = "--take-over",
            description = "Fences another writer even if it wrote to the archive within the last two minutes."
                    + " Default: refused then, because it may be alive.")
    private boolean takeOver;

    @Option(
            names = "--status-interval",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "How often the status is said where no terminal shows it. Default: 1m.")
    private Duration statusInterval = Duration.ofMinutes(1);

    @Option(names = "--json", description = "A line of JSON for each event, for the status, and for the end.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    ShipCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        try (ObjectStore store = arguments.open(spec, uri)) {
            LogDirectory.requireLog(directory, prefix);
            requireElsewhere(store);
            LogFiles files = LogFiles.of(DiskStorage.open(directory), prefix);
            ShipVoice voice = json ? new JsonShipVoice(streams) : new TextShipVoice(streams);
            try (ShipLock lock = ShipLock.acquire(directory, prefix, uri)) {
                if (!takeOver) {
                    lock.requireNoOtherWriter(store);
                }
                return new ShipRun(files, config(store), voice, lock, statusInterval, onceUpTo(), patience).run();
            }
        }
    }

    /** An archive in the log's own directory is lost with it. */
    private void requireElsewhere(ObjectStore store) {
        if (!(store instanceof DirectoryStore)) {
            return;
        }
        Path archive = existing(Path.of(store.describe().substring("file://".length())));
        Path log = existing(directory);
        if (archive.startsWith(log)) {
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    "the archive " + uri + " is inside the log's directory " + directory
                            + " and would be lost with it; choose a place on another disk");
        }
    }

    /** With all links resolved, as far as it exists. */
    private static Path existing(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        Path known = absolute;
        while (known != null && !Files.exists(known)) {
            known = known.getParent();
        }
        if (known == null) {
            return absolute;
        }
        try {
            return known.toRealPath().resolve(known.relativize(absolute));
        } catch (IOException e) {
            // It disappeared, or cannot be read: the shipper reports what follows from that.
            return absolute;
        }
    }

    private long onceUpTo() {
        return once
                ? WalRecovery.inspect(ReadOptions.of(directory).prefix(prefix)).lastSequence()
                : ShipRun.FOR_EVER;
    }

    private ShipperConfig.Builder config(ObjectStore store) {
        ShipperConfig.Builder config =
                ShipperConfig.builder(store).flushInterval(flushInterval).closeTimeout(endWithin);
        if (bandwidth != null) {
            config.uploadBytesPerSecond(bandwidth);
        }
        return declareGaps ? config.spoolPolicy(SpoolPolicy.giveUpOldest(Long.MAX_VALUE)) : config;
    }
}
