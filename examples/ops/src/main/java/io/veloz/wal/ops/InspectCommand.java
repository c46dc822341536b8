package io.veloz.wal.ops;

import io.veloz.wal.WalRecovery;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code inspect}: describes a log. */
@Command(
        name = "inspect",
        description = {
            "Prints the segments of a log, their records and times, and the state that the next open would find.",
            "",
            "Reads headers and footers, and the whole active segment; of an archive the slots and the newest checkpoint."
                    + " `verify` reads every byte. Read-only; does not acquire the lock of the log."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal inspect /var/lib/veloz/wal",
            "  veloz-wal inspect --json /var/lib/veloz/wal",
            "  veloz-wal inspect s3://bucket/orders",
            "",
            "  0   sound",
            "  1   a torn tail, a damaged footer, or losses that a salvage declared",
            "  2   damaged",
            "  4   refused: DIR does not contain a log, or URI no archive",
            "  5   the store cannot be reached: retry later",
            "  64  usage"
        })
final class InspectCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR|URI", description = SourceArguments.PLACE)
    private String place = "";

    @Mixin
    private final SourceArguments arguments = new SourceArguments();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    InspectCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        try (LogSource source = arguments.open(spec, place, streams)) {
            LogReport report = LogReport.of(WalRecovery.inspect(source.options()), source);
            if (json) {
                report.writeJson(streams.out());
            } else {
                report.writeText(streams.out());
            }
            return report.exitCode();
        }
    }
}
