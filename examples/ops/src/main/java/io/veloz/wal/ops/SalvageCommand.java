package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.SalvageReport;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ArchiveSalvage;
import io.veloz.wal.archive.ArchiveSalvageReport;
import io.veloz.wal.archive.store.ObjectStore;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code salvage}: what is left of a damaged log or archive. */
@Command(
        name = "salvage",
        description = {
            "Copies everything that can still be read from a damaged log, or from an archive that `restore` refuses as damaged,"
                    + " into a new log, and lists every range that is lost.",
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
            "  veloz-wal salvage s3://bucket/orders /var/lib/veloz/wal-salvaged",
            "",
            "  0   nothing is lost",
            "  1   only a torn tail, which was never acknowledged; of an archive: objects are damaged or missing",
            "  2   records are lost, or it failed, and there is no NEW_DIR",
            "  4   refused: there is no log in DIR, or NEW_DIR is not empty; nothing was changed",
            "  5   the store does not answer",
            "  64  usage"
        })
final class SalvageCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR|URI", description = "The directory of the log, or its archive.")
    private String place = "";

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "What the names of the log's files begin with. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Parameters(
            index = "1",
            paramLabel = "NEW_DIR",
            description = "The new log: a directory that is not there, or is empty.")
    private Path target = Path.of("");

    @Option(names = "--json", description = "The report as one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    SalvageCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        return StoreArguments.isUri(place) ? archive() : log();
    }

    private int log() {
        if (!arguments.settings().isEmpty()) {
            throw new ParameterException(spec.commandLine(), "the options for a store need a URI");
        }
        ReadOptions options = new LogArguments(Path.of(place), prefix).options();
        LogDirectory.requireNew(target);
        SalvageReport report;
        try (Progress progress = streams.progress("salvage", Progress.Unit.BYTES)) {
            report = WalRecovery.salvage(options, target, progress);
        }
        write(report, List.of());
        return exitCode(report, List.of());
    }

    private int archive() {
        LogDirectory.requireNew(target);
        ArchiveSalvageReport report;
        try (ObjectStore store = arguments.open(spec, place);
                Progress progress = streams.progress("salvage", Progress.Unit.BYTES)) {
            report = ArchiveSalvage.salvage(store, target, progress);
        }
        List<String> problems = report.problems().stream()
                .map(problem -> problem.key() + ": " + problem.reason())
                .toList();
        write(report.log(), problems);
        return exitCode(report.log(), problems);
    }

    private static int exitCode(SalvageReport report, List<String> problems) {
        return !report.lost().isEmpty()
                ? ExitCode.FAILED
                : report.tornTail() || !problems.isEmpty() ? ExitCode.WARNING : ExitCode.OK;
    }

    private void write(SalvageReport report, List<String> problems) {
        if (json) {
            writeJson(report, problems);
        } else {
            writeText(report);
            problems.forEach(problem -> streams.out().line("- " + problem));
        }
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

    private void writeJson(SalvageReport report, List<String> problems) {
        Output out = streams.out();
        Json to = new Json(out).object();
        to.field("directory", target.toString()).field("records", report.records());
        to.field("first_sequence", report.firstSequence()).field("last_sequence", report.lastSequence());
        to.field("torn_tail", report.tornTail()).field("exit_code", exitCode(report, problems));
        LogReport.writeLost(to, report.lost());
        to.name("problems").array();
        problems.forEach(to::value);
        to.endArray();
        to.endObject();
        out.character('\n');
    }
}
