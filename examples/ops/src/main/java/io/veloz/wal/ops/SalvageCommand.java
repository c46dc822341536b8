package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.SalvageReport;
import io.veloz.wal.WalRecovery;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code salvage}: what is left of a damaged log. */
@Command(
        name = "salvage",
        description = {
            "Copies everything that can still be read from a damaged log into a new one, and tells every range that is lost.",
            "",
            "Sequences, times and atomic groups stay. The new log opens and reads without an error, and declares its losses"
                    + " for good. It is built in NEW_DIR.partial and gets its name when it is complete and on disk. Never"
                    + " changes the damaged log: keep it. If there is a sound backup, restore that instead."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal salvage /var/lib/veloz/wal /var/lib/veloz/wal-salvaged",
            "",
            "  0   nothing is lost",
            "  1   only a torn tail, which was never acknowledged",
            "  2   records are lost, or it failed, and there is no NEW_DIR",
            "  4   refused: there is no log in DIR, or NEW_DIR is not empty; nothing was changed",
            "  64  usage"
        })
final class SalvageCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final LogArguments log = new LogArguments();

    @Parameters(
            index = "1",
            paramLabel = "NEW_DIR",
            description = "The new log: a directory that is not there, or is empty.")
    private Path target = Path.of("");

    @Option(names = "--json", description = "The report as one JSON object.")
    private boolean json;

    SalvageCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        ReadOptions options = log.options();
        LogDirectory.requireNew(target);
        SalvageReport report;
        try (Progress progress = streams.progress("salvage", Progress.Unit.BYTES)) {
            report = WalRecovery.salvage(options, target, progress);
        }
        int exitCode = !report.lost().isEmpty() ? ExitCode.FAILED : report.tornTail() ? ExitCode.WARNING : ExitCode.OK;
        if (json) {
            writeJson(report, exitCode);
        } else {
            writeText(report);
        }
        return exitCode;
    }

    private void writeText(SalvageReport report) {
        Output out = streams.out();
        String range = report.records() == 0 ? "" : ": " + Units.range(report.firstSequence(), report.lastSequence());
        out.line("salvaged    " + Units.count(report.records(), "record") + range);
        out.line("into        " + target);
        out.line("torn tail   " + (report.tornTail() ? "yes; nothing in it was acknowledged" : "no"));
        out.line("lost        "
                + (report.lost().isEmpty()
                        ? "nothing"
                        : Units.count(report.lost().size(), "range")));
        for (LostRange lost : report.lost()) {
            out.line("- " + lost);
        }
    }

    private void writeJson(SalvageReport report, int exitCode) {
        Output out = streams.out();
        Json to = new Json(out).object();
        to.field("directory", target.toString()).field("records", report.records());
        to.field("first_sequence", report.firstSequence()).field("last_sequence", report.lastSequence());
        to.field("torn_tail", report.tornTail()).field("exit_code", exitCode);
        LogReport.writeLost(to, report.lost());
        to.endObject();
        out.character('\n');
    }
}
