package io.veloz.wal.ops;

import io.veloz.wal.archive.ArchiveCare;
import io.veloz.wal.archive.ArchiveHolds;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryPoints;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hold}: keeps records of an archive from retention, lists the holds, and ends one. */
@Command(
        name = "hold",
        description = {
            "Keeps the records of an archive from a record on, whatever retention is configured to keep, until the hold is"
                    + " released: for an audit or an incident. Without an option, lists the holds.",
            "",
            "A hold is in force when the command returns with 0, also against a retention that runs at the same time. Records"
                    + " that are retired already cannot be held. Requires the right to put under care/."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal hold s3://bucket/orders",
            "  veloz-wal hold s3://bucket/orders --from 1201 --reason \"case 17\"",
            "  veloz-wal hold s3://bucket/orders --all --reason audit",
            "  veloz-wal hold s3://bucket/orders --release 12",
            "  veloz-wal hold s3://bucket/orders --skip-damaged 41",
            "",
            "  0   done",
            "  2   failed: the archive is damaged, or access is denied",
            "  4   refused: the records are retired, or there is no such hold",
            "  5   the store cannot be reached: list the holds, and run it again",
            "  64  usage"
        })
final class HoldCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Option(names = "--from", paramLabel = "N", description = "Keep the records from N on.")
    private @Nullable Long from;

    @Option(names = "--all", description = "Keep all records that are not retired.")
    private boolean all;

    @Option(names = "--reason", paramLabel = "TEXT", description = "For those who find the hold later.")
    private String reason = "";

    @Option(names = "--release", paramLabel = "N", description = "End the hold with this number.")
    private @Nullable Long release;

    @Option(
            names = "--skip-damaged",
            paramLabel = "N",
            description =
                    "Continue after care record N, the last one, which is damaged and of which no copy exists. Stop"
                            + " `retention` first. Retires objects of an open plan if they are missing as its deletion"
                            + " leaves them, and no others. Holds everything that is not retired: release that"
                            + " hold when all needed holds are made again.")
    private @Nullable Long skip;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    HoldCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        int actions = (from == null ? 0 : 1) + (all ? 1 : 0) + (release == null ? 0 : 1) + (skip == null ? 0 : 1);
        if (actions > 1 || (from != null && from < 1)) {
            throw new ParameterException(
                    spec.commandLine(), "expected one of --from N (from 1), --all, --release N and --skip-damaged N");
        }
        try (ObjectStore store = arguments.open(spec, uri)) {
            if (release != null) {
                ArchiveHolds.release(store, release);
            } else if (skip != null) {
                note(ArchiveHolds.skipDamaged(store, skip, RecoveryPoints.needs(store)));
            } else if (actions == 1) {
                ArchiveHolds.hold(store, from == null ? 0 : from, reason);
            }
            write(store.describe(), ArchiveHolds.list(store));
            return ExitCode.OK;
        }
    }

    private void note(ArchiveHolds.Skipped skipped) {
        String kind =
                skipped.isDelete() ? "a DELETE of the objects before record " + skipped.firstSequence() : "a HOLD";
        streams.err()
                .println("note: care record " + skipped.record() + ", " + kind + ", follows the damaged one: "
                        + skipped.reason());
        streams.err()
                .println("note: hold " + skipped.hold() + " keeps the records from " + skipped.firstSequence()
                        + " on, and all recorded verifications have ended");
    }

    private void write(String archive, List<ArchiveCare.Hold> holds) {
        Output out = streams.out();
        if (json) {
            Json to = new Json(out)
                    .object()
                    .field("archive", archive)
                    .name("holds")
                    .array();
            holds.forEach(hold -> CareText.write(to, hold));
            to.endArray().endObject();
            out.character('\n');
            return;
        }
        out.line("archive     " + archive);
        holds.forEach(hold -> out.line("held        " + CareText.text(hold)));
        if (holds.isEmpty()) {
            out.line("held        nothing");
        }
    }
}
