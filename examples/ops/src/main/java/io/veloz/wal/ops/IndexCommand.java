package io.veloz.wal.ops;

import io.veloz.wal.archive.ArchiveIndex;
import io.veloz.wal.archive.ArchiveIndexReport;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.orders.OrderKeys;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code index}: makes the indexes of order ids that an archive does not have. */
@Command(
        name = "index",
        description = {
            "Makes the indexes of order ids that an archive does not have, for `history`.",
            "",
            "`ship` makes them as it ships. Run this for an archive that was made without them, or after warnings that a segment"
                    + " was not indexed. Reads each segment that has no index. The index is a cache: no record depends on it, and it"
                    + " may be deleted (index/ in the archive) and made again at any time, also while the log is shipped."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal index s3://bucket/orders",
            "  veloz-wal index --check s3://bucket/orders",
            "",
            "  0   all segments are indexed",
            "  1   some segments could not be indexed, or an index was damaged",
            "  2   failed: the archive is damaged, or access is denied",
            "  4   refused: URI is no archive, or its key is missing",
            "  5   the store cannot be reached: run it again; what was made stays",
            "  64  usage"
        })
final class IndexCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Option(
            names = "--check",
            description = "Read the existing indexes, too. A damaged one is deleted, and made again.")
    private boolean check;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    IndexCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        try (ObjectStore store = arguments.open(spec, uri)) {
            ArchiveIndexReport report = ArchiveIndex.update(store, new OrderKeys(), check, done -> {});
            int exitCode = report.findings().isEmpty() ? ExitCode.OK : ExitCode.WARNING;
            if (json) {
                writeJson(store.describe(), exitCode, report);
            } else {
                write(store.describe(), report);
            }
            return exitCode;
        }
    }

    private void write(String archive, ArchiveIndexReport report) {
        Output out = streams.out();
        out.line("archive     " + archive);
        out.line("segments    " + Units.count(report.segments()) + ", " + Units.count(report.made()) + " indexed now");
        out.line("merged      " + Units.count(report.merged()) + " made now, each of 64 segments");
        out.line("size        " + Units.exactBytes(report.bytes()) + " made now");
        out.line("read        " + LogSource.text(report.cost()));
        report.findings().forEach(finding -> out.line("- " + finding));
    }

    private void writeJson(String archive, int exitCode, ArchiveIndexReport report) {
        Json to = new Json(streams.out()).object().field("archive", archive).field("exit_code", exitCode);
        to.field("segments", report.segments()).field("made", report.made());
        to.field("merged", report.merged()).field("bytes", report.bytes());
        to.name("cost").object();
        to.field("gets", report.cost().gets()).field("lists", report.cost().lists());
        to.field("bytes", report.cost().bytes()).endObject();
        PointText.strings(to, "findings", report.findings());
        to.endObject();
        streams.out().character('\n');
    }
}
