package io.veloz.wal.ops;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ArchiveReport;
import io.veloz.wal.archive.ArchiveVerifier;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.PointsReport;
import io.veloz.wal.backup.RecoveryKeys;
import io.veloz.wal.backup.RecoveryPoints;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code verify}: verifies every byte of a log, or the completeness of an archive. */
@Command(
        name = "verify",
        description = {
            "Log: reads every byte, and verifies all checksums, the chain of the segments, and the newest checkpoint.",
            "Archive: proves from its slots that it is complete, and checks that every object exists with the right size."
                    + " --full reads and verifies the contents as well; --level and its options are for large archives."
                    + " What retention has retired is not missing.",
            "",
            "If no writer has the log open, every complete batch is verified; otherwise all records that the writer has marked"
                    + " as durable. Read-only; does not repair anything. Use `salvage` to copy the readable records."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal verify /var/lib/veloz/wal",
            "  veloz-wal verify --json /backup/wal | jq .verdict",
            "  veloz-wal verify s3://bucket/orders",
            "  veloz-wal verify --full s3://bucket/orders",
            "  veloz-wal verify s3://bucket/orders --level content --incremental --record",
            "  veloz-wal verify s3://bucket/orders --level replay",
            "  veloz-wal verify --points --profile backup.properties",
            "  veloz-wal verify --points --full s3://bucket/orders --key offline.key --signer signer.asc",
            "",
            "  0   sound",
            "  1   a torn tail, or declared losses; no recovery points; --level replay of a log without orders",
            "  2   damaged",
            "  4   refused: not a log or an archive, or its format is newer",
            "  5   the store cannot be reached",
            "  64  usage"
        })
final class VerifyCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "DIR|URI",
            description =
                    "Directory of a log, or URI of an archive: s3://bucket/prefix, file:///directory. With --points,"
                            + " the default is archive of the profile.")
    private @Nullable String given;

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "Prefix of the log's file names. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Option(names = "--full", description = "Read and verify all contents of an archive. Always done for a log.")
    private boolean full;

    @ArgGroup(validate = false, heading = "%nLevels of an archive:%n")
    private LevelArguments levels = new LevelArguments();

    @Option(
            names = "--points",
            description =
                    "Verify the recovery points in the archive instead of the log: that every chunk exists. With --full,"
                            + " read the chunks; with --full and keys, decrypt them to nothing and verify their signatures.")
    private boolean points;

    @Option(
            names = "--profile",
            paramLabel = "FILE",
            description = "Profile of the backups, of which --points takes the URI of the archive.")
    private @Nullable Path profile;

    @Mixin
    private KeyArguments keyArguments = new KeyArguments();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    VerifyCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        if (keyArguments.isGiven() && !(points && full)) {
            throw new ParameterException(spec.commandLine(), "keys are of use only with --points and --full");
        }
        if (profile != null && !points) {
            throw new ParameterException(spec.commandLine(), "--profile is of use only with --points");
        }
        String place = place();
        if (levels.isGiven() && (points || full || !StoreArguments.isUri(place))) {
            throw new ParameterException(
                    spec.commandLine(), "--level and its options require a URI, without --full and --points");
        }
        if (StoreArguments.isUri(place)) {
            return points ? points(place) : archive(place);
        }
        if (points) {
            throw new ParameterException(spec.commandLine(), "--points requires a URI");
        }
        if (!arguments.settings().isEmpty()) {
            throw new ParameterException(spec.commandLine(), "the store options require a URI");
        }
        return log(new LogArguments(Path.of(place), prefix));
    }

    private String place() {
        if (given != null) {
            return given;
        }
        if (profile == null) {
            throw new ParameterException(spec.commandLine(), "Missing required parameter: 'DIR|URI'");
        }
        return ProfileArguments.read(profile)
                .archive()
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(), "the URI of the archive is missing: " + profile + " has no archive"));
    }

    private int log(LogArguments log) {
        LogSource source = new LogSource(log, streams);
        RecoveryReport found;
        try (Progress progress = streams.progress("verify", Progress.Unit.BYTES)) {
            found = WalRecovery.verify(source.options(), progress);
        }
        LogReport report = LogReport.of(found, source);
        if (json) {
            report.writeJson(streams.out());
        } else {
            report.writeText(streams.out());
        }
        return report.exitCode();
    }

    private int archive(String place) {
        ArchiveReport report;
        try (ObjectStore store = arguments.open(spec, place);
                Progress progress = streams.progress("verify", Progress.Unit.BYTES)) {
            ArchiveVerifier verifier = new ArchiveVerifier(store);
            if (levels.isGiven()) {
                report = levels.verify(verifier, spec, streams, progress);
            } else {
                report = full ? verifier.full(progress) : verifier.quick(progress);
            }
        }
        if (json) {
            ArchiveReportText.writeJson(report, streams.out());
        } else {
            ArchiveReportText.write(report, streams.out());
        }
        return ArchiveReportText.exitCode(report);
    }

    private int points(String place) throws IOException {
        Optional<RecoveryKeys> keys = keyArguments.isGiven() ? Optional.of(keyArguments.keys(spec)) : Optional.empty();
        try (ObjectStore store = arguments.open(spec, place);
                Progress progress = streams.progress("verify", Progress.Unit.BYTES)) {
            PointsReport report = RecoveryPoints.verify(store, full, keys, progress::update);
            return PointsText.write(store.describe(), report, json, streams.out());
        }
    }
}
