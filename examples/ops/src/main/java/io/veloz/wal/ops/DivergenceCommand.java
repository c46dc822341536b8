package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalReader;
import io.veloz.wal.archive.ArchiveDivergence;
import io.veloz.wal.archive.ArchiveDivergence.Relation;
import io.veloz.wal.archive.ArchiveReadOptions;
import io.veloz.wal.archive.ArchiveReader;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code divergence}: shows from which record on a log and an archive differ. */
@Command(
        name = "divergence",
        description = {
            "Compares a log with an archive record by record, and prints the records that only one of them has.",
            "",
            "A line begins with < if only DIR has the record, and with > if only the archive has it. Order events are printed"
                    + " with their fields and times. Files with other bytes and the same records are not a fork. Read-only; it may"
                    + " run while the engine writes the log."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal divergence /var/lib/veloz/wal --against s3://bucket/orders",
            "  veloz-wal divergence /var/lib/veloz/wal --against s3://bucket/orders --json",
            "",
            "  0   the same, behind or ahead",
            "  1   the same records in other files: `repair DIR --from URI` puts the archived files in place",
            "  2   a fork: different records with the same sequences; or failed",
            "  4   refused: DIR contains no log or another one, or URI no archive",
            "  5   the store cannot be reached",
            "  64  usage"
        })
final class DivergenceCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR", description = "Directory of the log.")
    private Path directory = Path.of("");

    @Option(names = "--against", paramLabel = "URI", required = true, description = StoreArguments.URI)
    private String uri = "";

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "Records of each side to print. Default: ${DEFAULT-VALUE}.")
    private long limit = 1000;

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "Prefix of the log's file names. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Option(names = "--json", description = "Print one JSON object per record, and one with the relation at the end.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    DivergenceCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        LogArguments log = new LogArguments(directory, prefix);
        ReadOptions local = log.options();
        try (ObjectStore store = arguments.open(spec, uri)) {
            ArchiveDivergence found = ArchiveDivergence.of(store, log.files());
            if (found.relation() == Relation.OTHER_LOG || found.relation() == Relation.NO_LOG) {
                throw new CommandFailure(
                        ExitCode.REFUSED, directory + " does not contain the log of " + store.describe());
            }
            if (!json) {
                write(store, found);
            }
            if (found.localOnly() > 0) {
                print("local", "< ", local, found.localOnlyFrom(), found.localSequence());
            }
            if (found.archiveOnly() > 0) {
                try (ArchiveReader archive = ArchiveReader.open(store, ArchiveReadOptions.defaults())) {
                    print("archive", "> ", archive.options(), found.archiveOnlyFrom(), found.archivedSequence());
                }
            }
            if (json) {
                writeJson(store, found);
            }
            return exitCode(found);
        }
    }

    private static int exitCode(ArchiveDivergence found) {
        return switch (found.relation()) {
            case FORK -> ExitCode.FAILED;
            case SAME_RECORDS -> ExitCode.WARNING;
            default -> found.otherFiles() ? ExitCode.WARNING : ExitCode.OK;
        };
    }

    private void write(ObjectStore store, ArchiveDivergence found) {
        Output out = streams.out();
        out.line("log         " + directory + ", up to record " + Units.count(found.localSequence()));
        out.line("archive     " + store.describe() + ", up to record " + Units.count(found.archivedSequence()));
        out.line("relation    " + text(found));
        if (found.relation() == Relation.FORK) {
            out.line("next        decide which records are correct; the others are settled with the venue by hand");
        } else if (found.otherFiles()) {
            out.line("next        `repair " + directory + " --from " + uri + "` puts the archived files in place");
        } else if (found.relation() == Relation.BEHIND) {
            out.line("next        `restore " + uri + " " + directory + " --merge` before the log is opened");
        } else if (found.relation() == Relation.AHEAD) {
            out.line("next        `ship " + directory + " " + uri + "`");
        }
    }

    private static String text(ArchiveDivergence found) {
        String files = found.otherFiles() ? ", in other files" : "";
        return switch (found.relation()) {
            case SAME -> "the same records";
            case SAME_RECORDS -> "the same records" + files;
            case BEHIND -> "the log is behind by " + Units.count(found.archiveOnly(), "record") + files;
            case AHEAD -> "the log is ahead by " + Units.count(found.localOnly(), "record") + files;
            default ->
                "fork at record " + Units.count(found.forkSequence()) + ": " + Units.count(found.localOnly(), "record")
                        + " in the log, " + Units.count(found.archiveOnly()) + " in the archive";
        };
    }

    private void print(String side, String mark, ReadOptions options, long from, long last) {
        long until = last - from < limit ? last : from + limit - 1;
        RecordFormat format = json ? new JsonFormat() : new TextFormat();
        if (limit > 0) {
            try (WalReader reader = WalReader.open(options.fromSequence(from).untilSequence(until))) {
                while (reader.next()) {
                    print(side, mark, format, reader);
                }
            }
        }
        if (until < last) {
            streams.err()
                    .println("note: " + Units.count(last - until, "record") + " more in the "
                            + (side.equals("local") ? "log" : side)
                            + "; --limit N prints more");
        }
    }

    private void print(String side, String mark, RecordFormat format, WalReader reader) {
        Output out = streams.out();
        if (!json) {
            out.text(mark);
            format.write(reader, out);
            return;
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        Output to = new Output(line);
        format.write(reader, to);
        to.flush();
        String text = line.toString(StandardCharsets.UTF_8).strip();
        out.text("{\"side\":\"" + side + "\",\"record\":").bytes(text.getBytes(StandardCharsets.UTF_8));
        out.text("}\n");
    }

    private void writeJson(ObjectStore store, ArchiveDivergence found) {
        Output out = streams.out();
        Json to = new Json(out).object();
        to.field("log", directory.toString()).field("archive", store.describe());
        to.field("relation", found.relation().name()).field("other_files", found.otherFiles());
        to.field("local_sequence", found.localSequence()).field("archived_sequence", found.archivedSequence());
        to.field("fork_sequence", found.forkSequence()).field("compared_from", found.comparedFrom());
        to.field("local_only", found.localOnly()).field("archive_only", found.archiveOnly());
        to.field("exit_code", exitCode(found)).endObject();
        out.character('\n');
    }
}
