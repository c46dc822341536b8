package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalRecovery;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code verify}: whether every byte is as it was written. */
@Command(
        name = "verify",
        description = {
            "Reads every byte of a log and checks every checksum, the chain of the segments, and the newest checkpoint.",
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
            "",
            "  0   sound",
            "  1   a torn tail, or losses that a salvage declared",
            "  2   damaged, or no log",
            "  64  usage"
        })
final class VerifyCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final LogArguments log = new LogArguments();

    @Option(names = "--json", description = "One JSON object instead of text.")
    private boolean json;

    VerifyCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
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
}
