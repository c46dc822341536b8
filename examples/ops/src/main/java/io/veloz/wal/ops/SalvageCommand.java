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

/** {@code salvage}: copies the readable records of a damaged log or archive. */
@Command(
        name = "salvage",
        description = {
            "Copies all readable records of a damaged log, or of an archive that `restore` refuses as damaged, into a new log,"
                    + " and prints every lost range.",
            "",
            "Preserves sequences, times and atomic groups. The new log can be opened and read without errors, and declares its"
                    + " losses permanently. It is created in NEW_DIR.partial and renamed once it is complete and durable."
                    + " Never changes the damaged log: keep it. If there is an intact backup, restore that instead."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal salvage /var/lib/veloz/wal /var/lib/veloz/wal-salvaged",
            "  veloz-wal salvage s3://bucket/orders /var/lib/veloz/wal-salvaged",
            "",
            "  0   nothing is lost",
            "  1   only a torn tail, which was never acknowledged; for an archive: objects are damaged or missing",
            "  2   records are lost; or the salvage failed, without a NEW_DIR",
            "  4   refused: DIR does not contain a log, or NEW_DIR is not empty; nothing was changed",
            "  5   the store cannot be reached",
            "  64  usage"
        })
final class SalvageCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR|URI", description = "Directory of the log, or URI of its archive.")
    private String place = "";

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "Prefix of the log's file names. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Parameters(
            index = "1",
            paramLabel = "NEW_DIR",
            description = "Directory of the new log. It must not exist, or must be empty.")
    private Path target = Path.of("");

    @Option(names = "--json", description = "Print the report as one JSON object.")
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
            throw new ParameterException(spec.commandLine(), "the store options require a URI");
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
        out.line("torn tail   " + (report.tornTail() ? "yes; never acknowledged" : "no"));
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
