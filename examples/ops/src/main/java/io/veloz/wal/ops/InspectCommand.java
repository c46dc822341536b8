package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalRecovery;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code inspect}: describes a log. */
@Command(
        name = "inspect",
        description = {
            "Prints the segments of a log, their records and times, and the state that the next open would find.",
            "",
            "Reads headers and footers, and the whole active segment. `verify` reads every byte."
                    + " Read-only; does not acquire the lock of the log."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal inspect /var/lib/veloz/wal",
            "  veloz-wal inspect --json /var/lib/veloz/wal",
            "",
            "  0   sound",
            "  1   a torn tail, a damaged footer, or losses that a salvage declared",
            "  2   damaged",
            "  4   refused: DIR does not contain a log",
            "  64  usage"
        })
final class InspectCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final LogArguments log = new LogArguments();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    InspectCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        ReadOptions options = log.options();
        LogReport report = LogReport.of(WalRecovery.inspect(options), log, options);
        if (json) {
            report.writeJson(streams.out());
        } else {
            report.writeText(streams.out());
        }
        return report.exitCode();
    }
}
