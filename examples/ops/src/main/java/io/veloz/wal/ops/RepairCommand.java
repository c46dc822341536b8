package io.veloz.wal.ops;

import io.veloz.wal.archive.ArchiveIdentity;
import io.veloz.wal.archive.ArchiveRepair;
import io.veloz.wal.archive.ArchiveRepairReport;
import io.veloz.wal.archive.ArchiveRepairReport.Cause;
import io.veloz.wal.archive.ArchiveRepairReport.Repaired;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code repair}: repairs a log from its archive, or an archive from its log. */
@Command(
        name = "repair",
        description = {
            "repair DIR --from URI: replaces damaged and missing segments of a log by those of its archive, and segments that"
                    + " have the archived records in other files, as after a failover and back. Everything is fetched and"
                    + " verified before the first file is renamed. The previous files stay as NAME.damaged-TIME.",
            "",
            "repair URI --from DIR: puts objects again that are missing or damaged, from the files of the log. Reads every"
                    + " object. A damaged object is never replaced: its segment is uploaded under another key and stated again in"
                    + " the chain, with a new epoch, as a shipper would. A shipper of another host that runs meanwhile is fenced.",
            "",
            "repair URI --identity: creates log.json again, from the slots, if it is missing. A changed one is printed and left:"
                    + " --replace SHA256, with the digest that was printed, deletes it first.",
            "",
            "Stop the engine and `ship` first, except for --identity. What cannot be repaired stays as it is, and is printed."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal repair /var/lib/veloz/wal --from s3://bucket/orders",
            "  veloz-wal repair s3://bucket/orders --from /var/lib/veloz/wal",
            "  veloz-wal repair s3://bucket/orders --identity",
            "",
            "  0   nothing is damaged or missing now",
            "  2   something is damaged or missing still, also if another directory has taken over the archive; or failed, and",
            "      nothing was changed",
            "  4   refused: the log is open, is another one, or has different records; nothing was changed",
            "  5   the store cannot be reached: run it again later",
            "  64  usage"
        })
final class RepairCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR|URI", description = "What is repaired: a log, or an archive.")
    private String place = "";

    @Option(
            names = "--from",
            paramLabel = "URI|DIR",
            description = "Where the intact copies are: the archive of the log, or the log of the archive.")
    private String from = "";

    @Option(names = "--identity", description = "Create log.json of the archive again, from its slots.")
    private boolean identity;

    @Option(
            names = "--replace",
            paramLabel = "SHA256",
            description = "With --identity: replace a changed log.json that has this digest.")
    private String replaced = "";

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "Prefix of the log's file names. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    RepairCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        boolean isArchive = StoreArguments.isUri(place);
        if (identity || !replaced.isEmpty()) {
            return repairIdentity(isArchive);
        }
        if (isArchive == StoreArguments.isUri(from)) {
            throw usage("repair needs a directory and a URI: DIR --from URI, or URI --from DIR; or URI --identity");
        }
        return isArchive ? repair(Path.of(from), place, true) : repair(Path.of(place), from, false);
    }

    @SuppressWarnings("try")
    private int repair(Path directory, String uri, boolean isArchive) {
        LogFiles log = new LogArguments(directory, prefix).files();
        ArchiveRepairReport report;
        try (ObjectStore store = arguments.open(spec, uri);
                ShipLock shipping = ShipLock.acquire(directory, prefix, uri);
                Progress progress = streams.progress("repair", Progress.Unit.BYTES)) {
            report = isArchive ? ArchiveRepair.archive(store, log, progress) : ArchiveRepair.log(store, log, progress);
        }
        return write(report);
    }

    private int repairIdentity(boolean isArchive) {
        if (!isArchive || !from.isEmpty() || !identity) {
            throw usage("--identity repairs log.json of an archive: URI --identity, without --from");
        }
        if (!replaced.isEmpty() && !replaced.matches("[0-9a-f]{64}")) {
            throw usage("--replace: expected a SHA-256, 64 lowercase hex digits");
        }
        try (ObjectStore store = arguments.open(spec, place)) {
            return write(replaced.isEmpty() ? ArchiveIdentity.repair(store) : ArchiveIdentity.replace(store, replaced));
        }
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private int write(ArchiveRepairReport report) {
        if (json) {
            writeJson(report);
        } else {
            writeText(report);
        }
        return exitCode(report);
    }

    private static int exitCode(ArchiveRepairReport report) {
        return report.isComplete() ? ExitCode.OK : ExitCode.FAILED;
    }

    private void writeText(ArchiveRepairReport report) {
        Output out = streams.out();
        for (Repaired repaired : report.repaired()) {
            String range = repaired.firstSequence() > 0
                    ? ", " + Units.range(repaired.firstSequence(), repaired.lastSequence())
                    : "";
            out.line("repaired    " + repaired.name() + range + ": " + text(repaired.cause()) + other(repaired));
        }
        if (report.repaired().isEmpty()) {
            out.line("repaired    nothing");
        }
        for (Problem problem : report.untouched()) {
            out.line("- " + problem.key() + ": " + problem.reason());
        }
        report.notes().forEach(note -> out.line("note        " + note));
    }

    private static String text(Cause cause) {
        return switch (cause) {
            case DAMAGED -> "it was damaged";
            case MISSING -> "it was missing";
            case OTHER_FILE -> "the same records in another file";
        };
    }

    private static String other(Repaired repaired) {
        if (repaired.other().isEmpty()) {
            return "";
        }
        boolean isObject = repaired.name().contains("/");
        return isObject ? "; " + repaired.other() + " replaces it" : "; the previous file is " + repaired.other();
    }

    private void writeJson(ArchiveRepairReport report) {
        Output out = streams.out();
        Json to = new Json(out).object().name("repaired").array();
        for (Repaired repaired : report.repaired()) {
            to.object().field("name", repaired.name());
            to.field("cause", repaired.cause().name().toLowerCase(Locale.ROOT)).field("other", repaired.other());
            to.field("first_sequence", repaired.firstSequence()).field("last_sequence", repaired.lastSequence());
            to.endObject();
        }
        to.endArray().name("untouched").array();
        for (Problem problem : report.untouched()) {
            to.object().field("name", problem.key()).field("reason", problem.reason());
            to.field("first_sequence", problem.firstSequence()).field("last_sequence", problem.lastSequence());
            to.endObject();
        }
        to.endArray().name("notes").array();
        report.notes().forEach(to::value);
        to.endArray().field("exit_code", exitCode(report)).endObject();
        out.character('\n');
    }
}
