package io.veloz.wal.ops;

import io.veloz.wal.WalRecovery;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreReport;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code restore}: a log back from its archive. */
@Command(
        name = "restore",
        description = {
            "Brings a log back from its archive, after proving that nothing is missing in there, and reads every record"
                    + " of it before it gets its name.",
            "",
            "DIR must not be there, or be empty, or hold what is left of the same log; nothing in it is ever overwritten"
                    + " or deleted. What is fetched goes to DIR/.restore: a restore that was cut short is started again with"
                    + " the same words, and goes on there. A restore of everything brings back the same log, which may go"
                    + " on and ship into the same archive. One up to a point makes a new log with an id of its own."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal restore s3://bucket/orders /var/lib/veloz/wal",
            "  veloz-wal restore --plan s3://bucket/orders /var/lib/veloz/wal",
            "  veloz-wal restore --until-time 2026-11-22T14:30:00Z s3://bucket/orders data/wal-at-half-past-two",
            "  veloz-wal restore --merge s3://bucket/orders /var/lib/veloz/wal",
            "",
            "  0   restored, or there already; with --plan: it can be",
            "  1   the same, and records are known to be lost",
            "  2   the archive is damaged, its store refuses us, or DIR cannot be written",
            "  4   refused: what was asked for does not fit archive or directory; the error says what to do",
            "  5   the store does not answer: run it again later, it goes on there",
            "  64  usage"
        })
final class RestoreCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Parameters(index = "1", paramLabel = "DIR", description = "Where the log is to be.")
    private Path directory = Path.of("");

    @Option(names = "--until-sequence", paramLabel = "N", description = "Ends with that record.")
    private @Nullable Long untilSequence;

    @Option(
            names = "--until-time",
            paramLabel = "T",
            converter = Quantities.Moment.class,
            description =
                    "Ends before the first record later than that: 2026-11-22T14:30:00Z, or nanoseconds since 1970.")
    private @Nullable Long untilTime;

    @Option(
            names = "--at-least",
            paramLabel = "N",
            description =
                    "Refuses an archive that ends before record N. For a record that is known to be archived, as from"
                            + " the last metric of the engine.")
    private @Nullable Long atLeast;

    @Option(names = "--plan", description = "Proves the archive and says what would be fetched; writes nothing.")
    private boolean plan;

    @Option(names = "--expect-log", paramLabel = "ID", description = "Refuses the archive of any other log.")
    private @Nullable String expectLog;

    @Option(
            names = "--merge",
            description = "Takes the log in DIR and the archive together: of each file the whole one, of the end the"
                    + " longer one. The old files stay, in DIR/before-restore-1.")
    private boolean merge;

    @Option(
            names = "--accept-gaps",
            description = "Restores an archive in which records are missing for ever. The result is a new log that"
                    + " declares the loss.")
    private boolean acceptGaps;

    @Option(names = "--parallel", paramLabel = "N", description = "Objects fetched at once, 3 MB each. Default: 8.")
    private @Nullable Integer parallel;

    @Option(
            names = "--bandwidth",
            paramLabel = "BYTES",
            converter = Quantities.Bytes.class,
            description = "How many bytes a second are read from the store, as 10MiB. Default: no limit.")
    private @Nullable Long bandwidth;

    @Option(names = "--json", description = "One JSON object instead of text; of a refusal as well.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    RestoreCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        arguments.check(spec, uri);
        RestoreOptions options = options();
        return plan ? planned(plan(options)) : restored(restore(options));
    }

    private RestorePlan plan(RestoreOptions options) {
        try (RestoreBar bar = new RestoreBar(streams)) {
            return WalRecovery.planRestore(uri, options.progress(bar));
        }
    }

    private RestoreReport restore(RestoreOptions options) {
        try (RestoreBar bar = new RestoreBar(streams)) {
            return WalRecovery.restoreFrom(uri, options.progress(bar));
        }
    }

    private int planned(RestorePlan planned) {
        int exitCode = planned.gaps().isEmpty() ? ExitCode.OK : ExitCode.WARNING;
        if (json) {
            RestoreText.writeJson(planned, exitCode, streams.out());
        } else {
            RestoreText.write(planned, streams.out());
        }
        return exitCode;
    }

    private int restored(RestoreReport report) {
        int exitCode = report.lost().isEmpty() ? ExitCode.OK : ExitCode.WARNING;
        if (json) {
            RestoreText.writeJson(report, exitCode, streams.out());
        } else {
            RestoreText.write(report, streams.out());
        }
        return exitCode;
    }

    private RestoreOptions options() {
        try {
            RestoreOptions options = RestoreOptions.into(directory);
            options = untilSequence == null ? options : options.untilSequence(untilSequence);
            options = untilTime == null ? options : options.untilTime(untilTime);
            options = atLeast == null ? options : options.atLeast(atLeast);
            options = expectLog == null ? options : options.expectedLogId(expectLog);
            options = merge ? options.merge() : options;
            options = acceptGaps ? options.acceptGaps() : options;
            options = parallel == null ? options : options.parallelism(parallel);
            options = bandwidth == null ? options : options.bytesPerSecond(bandwidth);
            for (Map.Entry<String, String> setting : arguments.settings().entrySet()) {
                options = options.storeSetting(setting.getKey(), setting.getValue());
            }
            return options;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
        }
    }
}
