package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.SpoolPolicy;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.orders.OrderKeys;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ship}: ships a log to its archive. */
@Command(
        name = "ship",
        description = {
            "Ships a log to its archive with a lag of about a second, until it is stopped (Ctrl-C, or SIGTERM).",
            "",
            "Runs while the engine writes the log, and reads it; it writes only small files that name its writers. It fences"
                    + " every other shipper of the directory, so do not use `ship` if the engine ships the log itself. If the store cannot be reached, it"
                    + " reports that and retries with backoff. When it is stopped, it ships the remaining durable records"
                    + " within --end-within, and prints how many are left. The next start continues with these; none is lost."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal ship /var/lib/veloz/wal s3://bucket/orders",
            "  veloz-wal ship --once /var/lib/veloz/wal file:///mnt/backup/orders",
            "  veloz-wal ship --json --status-interval 10s /var/lib/veloz/wal s3://bucket/orders | ...",
            "",
            "  0   all durable records are archived",
            "  1   stopped, with records left to ship",
            "  2   failed",
            "  3   fenced, or superseded: another writer or directory has taken over the archive. A supervisor must not"
                    + " restart it (systemd: RestartPreventExitStatus=3)",
            "  4   refused: log and archive are inconsistent, or another writer may be alive",
            "  5   with --once: the store cannot be reached, or denies access",
            "  64  usage"
        })
final class ShipCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR", description = "Directory of the log.")
    private Path directory = Path.of("");

    @Parameters(index = "1", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "Prefix of the log's file names. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Option(
            names = "--once",
            description = "Ship all records that are durable now, and exit. For a timer, such as cron.")
    private boolean once;

    @Option(
            names = "--patience",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "With --once: give up after this time without progress. Default: 5m.")
    private Duration patience = Duration.ofMinutes(5);

    @Option(
            names = "--flush-interval",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "Interval at which new durable records are shipped: about the loss if the site fails."
                    + " One PUT each. Default: 1s.")
    private Duration flushInterval = Duration.ofSeconds(1);

    @Option(
            names = "--beat-interval",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "Put an empty slot after this time without records, so that `follow` detects a dead writer."
                    + " One PUT each. Default: never.")
    private Duration beatInterval = Duration.ZERO;

    @Option(
            names = "--anchor",
            paramLabel = "URI",
            description =
                    "Second store, in which the last slot is repeated every 10 minutes. The next start compares it, and"
                            + " detects slots that were lost. It has the options of the first one. Default: none.")
    private @Nullable String anchor;

    @Option(
            names = "--bandwidth",
            paramLabel = "BYTES",
            converter = Quantities.Bytes.class,
            description = "Maximum bytes per second for segments, such as 10MiB; tails are not limited."
                    + " Default: no limit.")
    private @Nullable Long bandwidth;

    @Option(
            names = "--part-size",
            paramLabel = "BYTES",
            converter = Quantities.Bytes.class,
            description = "Size of the parts in which segments with more data than four parts are uploaded."
                    + " Default: 16MiB.")
    private @Nullable Long partSize;

    @Option(
            names = "--end-within",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "Maximum time to ship the remaining records when it is stopped. Default: 10s.")
    private Duration endWithin = Duration.ofSeconds(10);

    @Option(
            names = "--declare-gaps",
            description =
                    "If records were trimmed before they were archived, declare them permanently lost, and continue"
                            + " after them. Default: refuse.")
    private boolean declareGaps;

    @Option(
            names = "--take-over",
            paramLabel = "EPOCH",
            description =
                    "Take over the archive from the directory that acquired this epoch, as after a restore, and fence"
                            + " its writer even if it wrote within the last two minutes. Refused if the last epoch is another one:"
                            + " see `status`. Default: refuse, because that writer may be running.")
    private long takeOver;

    @Option(
            names = "--allow-plain",
            description = "Without keys: continue an encrypted archive in the clear. Default: refuse.")
    private boolean allowPlain;

    @Option(
            names = "--no-escrow",
            description =
                    "Encrypt although the archive has no copy of the key for the recovery keys (see keys --escrow)."
                            + " A loss of the key is a loss of the archive then.")
    private boolean noEscrow;

    @Option(
            names = "--no-index",
            description =
                    "Make no index of order ids in the archive. `history` reads all segments then, unless `index` has"
                            + " made it.")
    private boolean noIndex;

    @Option(
            names = "--status-interval",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "Interval at which the status is printed if standard error is not a terminal. Default: 1m.")
    private Duration statusInterval = Duration.ofMinutes(1);

    @Option(
            names = "--json",
            description = "Print a JSON object per line for each event, for the status, and at the end.")
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
        if (takeOver < 0) {
            throw new ParameterException(
                    spec.commandLine(), "--take-over " + takeOver + ": expected an epoch from 1 on");
        }
        try (ObjectStore store = arguments.open(spec, uri);
                ObjectStore second = anchor == null ? null : arguments.open(spec, anchor)) {
            LogDirectory.requireLog(directory, prefix);
            LogFiles files = LogFiles.of(DiskStorage.open(directory), prefix);
            ShipReporter reporter = json ? new JsonShipReporter(streams) : new TextShipReporter(streams);
            try (ShipLock lock = ShipLock.acquire(directory, prefix, uri)) {
                if (takeOver == 0) {
                    lock.requireNoOtherWriter(store, files);
                }
                return new ShipRun(files, config(store, second), reporter, lock, statusInterval, onceUpTo(), patience)
                        .run();
            }
        }
    }

    private long onceUpTo() {
        return once
                ? WalRecovery.inspect(ReadOptions.of(directory).prefix(prefix)).lastSequence()
                : ShipRun.UNTIL_STOPPED;
    }

    private ShipperConfig.Builder config(ObjectStore store, @Nullable ObjectStore second) {
        ShipperConfig.Builder config = ShipperConfig.builder(store)
                .flushInterval(flushInterval)
                .beatInterval(beatInterval)
                .closeTimeout(endWithin)
                .takeOver(takeOver)
                .allowPlain(allowPlain)
                .requireEscrow(!noEscrow);
        if (!noIndex) {
            config.recordKeys(new OrderKeys());
        }
        if (second != null) {
            config.anchor(second);
        }
        if (bandwidth != null) {
            config.uploadBytesPerSecond(bandwidth);
        }
        if (partSize != null) {
            config.partBytes(partSize);
        }
        return declareGaps ? config.spoolPolicy(SpoolPolicy.giveUpOldest(Long.MAX_VALUE)) : config;
    }
}
