package io.veloz.wal.ops;

import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ArchiveFill;
import io.veloz.wal.archive.ArchiveFillOptions;
import io.veloz.wal.archive.ArchiveFillReport;
import io.veloz.wal.archive.store.ObjectStore;
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

/** {@code restore}: restores a log from its archive. */
@Command(
        name = "restore",
        description = {
            "Restores a log from its archive. Proves first that the archive is complete, and verifies every record before the"
                    + " log is published.",
            "",
            "DIR must not exist, or must be empty, or contain the remains of the same log. No file in it is overwritten or"
                    + " deleted. Objects are fetched to DIR/.restore; to resume an interrupted restore, run the same command"
                    + " again. A complete restore yields the same log, which can be opened and shipped to the same archive. A"
                    + " point-in-time restore creates a new log with a new id."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal restore s3://bucket/orders /var/lib/veloz/wal",
            "  veloz-wal restore --plan s3://bucket/orders /var/lib/veloz/wal",
            "  veloz-wal restore --until-time 2026-11-22T14:30:00Z s3://bucket/orders data/wal-at-half-past-two",
            "  veloz-wal restore --merge s3://bucket/orders /var/lib/veloz/wal",
            "  veloz-wal restore --from-checkpoint s3://bucket/orders /var/lib/veloz/wal",
            "  veloz-wal restore --fill s3://bucket/orders /var/lib/veloz/wal",
            "",
            "  0   restored, or nothing to do; with --plan: can be restored",
            "  1   as 0, but records are known to be lost",
            "  2   the archive is damaged, the store denies access, or DIR cannot be written",
            "  4   refused: not possible for this archive or directory; the error describes the next step",
            "  5   the store cannot be reached: run it again later to resume",
            "  64  usage"
        })
final class RestoreCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Parameters(index = "1", paramLabel = "DIR", description = "Directory of the restored log.")
    private Path directory = Path.of("");

    @Option(names = "--until-sequence", paramLabel = "N", description = "Restore up to and including record N.")
    private @Nullable Long untilSequence;

    @Option(
            names = "--until-time",
            paramLabel = "T",
            converter = Quantities.Moment.class,
            description =
                    "Restore up to a point in time, before the first later record: 2026-11-22T14:30:00Z, or nanoseconds"
                            + " since 1970.")
    private @Nullable Long untilTime;

    @Option(
            names = "--at-least",
            paramLabel = "N",
            description =
                    "Refuse an archive that ends before record N, which is known to be archived, for example from the last"
                            + " metric of the engine.")
    private @Nullable Long atLeast;

    @Option(
            names = "--from-checkpoint",
            description =
                    "Restore the newest whole checkpoint and the records after it only. The older segments stay in the archive;"
                            + " --fill fetches them later.")
    private boolean fromCheckpoint;

    @Option(
            names = "--fill",
            description =
                    "Fetch the older segments that --from-checkpoint has left in the archive into the log in DIR, the newest first."
                            + " No process may have the log open. `inspect` prints what is left.")
    private boolean fill;

    @Option(names = "--plan", description = "Verify the archive and print what would be fetched; write nothing.")
    private boolean plan;

    @Option(names = "--expect-log", paramLabel = "ID", description = "Refuse the archive of a different log.")
    private @Nullable String expectLog;

    @Option(
            names = "--merge",
            description =
                    "Merge the log in DIR with the archive: use the intact version of each file, and the longer end."
                            + " The old files are kept in DIR/before-restore-1.")
    private boolean merge;

    @Option(
            names = "--accept-gaps",
            description =
                    "Restore an archive with permanently missing records. The result is a new log that declares the"
                            + " loss.")
    private boolean acceptGaps;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            description = "Number of concurrent downloads, 3 MB each. Default: 8.")
    private @Nullable Integer parallel;

    @Option(
            names = "--bandwidth",
            paramLabel = "BYTES",
            converter = Quantities.Bytes.class,
            description = "Maximum bytes per second read from the store, such as 10MiB. Default: no limit.")
    private @Nullable Long bandwidth;

    @Option(names = "--json", description = "Print one JSON object, also if the restore is refused.")
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
        if (fill) {
            return fill();
        }
        RestoreOptions options = options();
        return plan ? planned(plan(options)) : restored(restore(options));
    }

    private int fill() {
        if (untilSequence != null
                || untilTime != null
                || atLeast != null
                || merge
                || acceptGaps
                || fromCheckpoint
                || plan
                || expectLog != null) {
            throw new ParameterException(spec.commandLine(), "--fill takes only --parallel, --bandwidth and --json");
        }
        ArchiveFillOptions options = ArchiveFillOptions.defaults();
        options = parallel == null ? options : options.parallelism(parallel);
        options = bandwidth == null ? options : options.bytesPerSecond(bandwidth);
        FillText.write(fill(options), directory, json, streams.out());
        return ExitCode.OK;
    }

    private ArchiveFillReport fill(ArchiveFillOptions options) {
        try (ObjectStore store = arguments.open(spec, uri);
                RestoreBar bar = new RestoreBar(streams)) {
            return ArchiveFill.fill(store, directory, options.progress(bar));
        }
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
        if (fromCheckpoint && (untilSequence != null || untilTime != null || merge || acceptGaps)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--from-checkpoint restores the end of the whole archive: expected no --until-sequence, --until-time, --merge"
                            + " or --accept-gaps");
        }
        try {
            RestoreOptions options = RestoreOptions.into(directory);
            options = untilSequence == null ? options : options.untilSequence(untilSequence);
            options = untilTime == null ? options : options.untilTime(untilTime);
            options = atLeast == null ? options : options.atLeast(atLeast);
            options = expectLog == null ? options : options.expectedLogId(expectLog);
            options = merge ? options.merge() : options;
            options = acceptGaps ? options.acceptGaps() : options;
            options = fromCheckpoint ? options.fromCheckpoint() : options;
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
