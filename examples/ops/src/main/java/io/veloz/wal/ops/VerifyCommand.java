package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ArchiveReport;
import io.veloz.wal.archive.ArchiveVerifier;
import io.veloz.wal.archive.store.ObjectStore;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code verify}: whether every byte is as it was written, of a log or of an archive. */
@Command(
        name = "verify",
        description = {
            "Of a log: reads every byte and checks every checksum, the chain of the segments, and the newest checkpoint.",
            "Of an archive: proves from its slots that nothing is missing, and asks whether every object is there with"
                    + " its size; --full reads and checks their contents too.",
            "",
            "Where no writer has the log open every whole batch counts; beside a writer only what it has promised"
                    + " durable. Never changes anything, never repairs: that is what `salvage` is for."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal verify /var/lib/veloz/wal",
            "  veloz-wal verify --json /backup/wal | jq .verdict",
            "  veloz-wal verify s3://bucket/orders",
            "  veloz-wal verify --full s3://bucket/orders",
            "",
            "  0   sound",
            "  1   a torn tail, or losses that were declared",
            "  2   damaged",
            "  4   refused: no log or archive there, or of a newer format",
            "  5   the store does not answer",
            "  64  usage"
        })
final class VerifyCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(
            index = "0",
            paramLabel = "DIR|URI",
            description = "The directory of a log, or an archive: s3://bucket/prefix, file:///directory.")
    private String place = "";

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "What the names of the log's files begin with. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Option(names = "--full", description = "Of an archive: all contents. Of a log that is always so.")
    private boolean full;

    @Option(names = "--json", description = "One JSON object instead of text.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    VerifyCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        if (StoreArguments.isUri(place)) {
            return archive();
        }
        if (!arguments.settings().isEmpty()) {
            throw new ParameterException(spec.commandLine(), "the options for a store need a URI");
        }
        return log(new LogArguments(Path.of(place), prefix));
    }

    private int log(LogArguments log) {
        ReadOptions options = log.options();
        RecoveryReport found;
        try (Progress progress = streams.progress("verify", Progress.Unit.BYTES)) {
            found = WalRecovery.verify(options, progress);
        }
        LogReport report = LogReport.of(found, log, options);
        if (json) {
            report.writeJson(streams.out());
        } else {
            report.writeText(streams.out());
        }
        return report.exitCode();
    }

    private int archive() {
        ArchiveReport report;
        try (ObjectStore store = arguments.open(spec, place);
                Progress progress = streams.progress("verify", Progress.Unit.BYTES)) {
            ArchiveVerifier verifier = new ArchiveVerifier(store);
            report = full ? verifier.full(progress) : verifier.quick(progress);
        }
        if (json) {
            ArchiveReportText.writeJson(report, streams.out());
        } else {
            ArchiveReportText.write(report, streams.out());
        }
        return ArchiveReportText.exitCode(report);
    }
}
