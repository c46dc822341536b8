package io.veloz.wal.ops;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.BackupProfile;
import io.veloz.wal.backup.Retention;
import io.veloz.wal.backup.RetentionPlan;
import io.veloz.wal.backup.RetentionReport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code retention}: plans what may be deleted of an archive, and deletes it when its grace has ended: with a profile the
 * attachments of recovery points, without one the segments and checkpoints of the log.
 */
@Command(
        name = "retention",
        description = {
            "Plans what may be deleted, and stores the plan in the archive. With --apply, also deletes what earlier plans list"
                    + " if their grace has ended.",
            "",
            "Also without --apply the plan is stored, and stays open. What --apply deletes is limited by the plan and by the"
                    + " options of that call: with longer ones, or after `hold`, it deletes less, or closes the plan.",
            "",
            "Without --profile: the segments and checkpoints of the log that are older than --keep-days (by default 7, or"
                    + " VELOZ_WAL_RETENTION_DAYS). Never what a hold or the database of a recovery point needs, nor the newest"
                    + " chain that `verify --level content --record` has verified.",
            "With --profile: the attachments of recovery points, by keep.within, keep.at-least, keep.monthly and keep.grace of"
                    + " the profile. Never what the newest whole point, the newest drilled point or any kept point names.",
            "",
            "Slots and points remain. Deleting requires a right that shippers and backups do not need: run it as another user."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal retention s3://bucket/orders",
            "  veloz-wal retention s3://bucket/orders --keep-days 30 --apply",
            "  veloz-wal retention --profile backup.properties",
            "  veloz-wal retention --profile backup.properties --apply",
            "",
            "  0   planned; with --apply: everything whose grace has ended is deleted",
            "  1   as 0, with findings",
            "  2   failed",
            "  4   refused: the archive does not allow it, such as a damaged chain of points, or nothing verified; nothing was"
                    + " deleted",
            "  5   the store cannot be reached: run it again later",
            "  64  usage"
        })
final class RetentionCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "URI",
            description =
                    "URI of the log's archive: s3://bucket/prefix, or file:///directory. With --profile, the default is"
                            + " archive of the profile.")
    private @Nullable String uri;

    @Option(
            names = "--profile",
            paramLabel = "FILE",
            description = "Profile of the backups: the attachments of recovery points, instead of the log.")
    private @Nullable Path profile;

    @Option(names = "--apply", description = "Delete what earlier plans list if their grace has ended.")
    private boolean apply;

    @ArgGroup(validate = false, heading = "%nWithout --profile:%n")
    private LogRetention log = new LogRetention();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    RetentionCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        return profile == null ? log() : attachments(profile);
    }

    private int log() throws IOException {
        if (uri == null) {
            throw new ParameterException(spec.commandLine(), "the URI of the archive is missing; or give a --profile");
        }
        try (ObjectStore store = arguments.open(spec, uri)) {
            return log.run(store, spec, apply, json, streams.out());
        }
    }

    private int attachments(Path file) throws IOException {
        if (log.isGiven()) {
            throw new ParameterException(
                    spec.commandLine(), LogRetention.NAMES + " are of use only without --profile, which states keep.*");
        }
        BackupProfile read = ProfileArguments.read(file);
        String place = uri != null
                ? uri
                : read.archive()
                        .orElseThrow(() -> new ParameterException(
                                spec.commandLine(), "the URI of the archive is missing: " + file + " has no archive"));
        try (ObjectStore store = arguments.open(spec, place)) {
            RetentionPlan plan = Retention.plan(store, read);
            RetentionReport report = apply ? Retention.apply(store, read, Instant.now()) : null;
            int exitCode = plan.findings().isEmpty() ? ExitCode.OK : ExitCode.WARNING;
            if (json) {
                writeJson(exitCode, plan, report);
            } else {
                write(store.describe(), plan, report);
            }
            return exitCode;
        }
    }

    private void write(String archive, RetentionPlan plan, @Nullable RetentionReport report) {
        Output out = streams.out();
        out.line("archive     " + archive);
        out.line("plan        " + plan.number() + ", made " + plan.made());
        plan.kept()
                .forEach((point, reasons) -> out.line("keeps       point " + point + ": "
                        + reasons.stream()
                                .map(reason ->
                                        reason.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                                .sorted()
                                .collect(Collectors.joining(", "))));
        out.line("drops       "
                + (plan.dropped().isEmpty()
                        ? "no point"
                        : Units.count(plan.dropped().size(), "point")));
        out.line("deletable   " + Units.count(plan.items().size(), "chunk") + ", " + Units.bytes(plan.bytes())
                + plan.notBefore()
                        .map(time -> ", the first from " + time + " on")
                        .orElse(""));
        if (report != null) {
            out.line("deleted     " + Units.count(report.deleted().size(), "chunk") + ", "
                    + Units.bytes(report.bytes()));
            out.line("waiting     " + Units.count(report.waiting(), "chunk")
                    + report.next().map(time -> ", the first until " + time).orElse(""));
            report.spared()
                    .forEach(key -> out.line("- " + key + " is kept, because its state has changed since the plan"));
        }
        plan.findings().forEach(finding -> out.line("- " + finding));
    }

    private void writeJson(int exitCode, RetentionPlan plan, @Nullable RetentionReport report) {
        Json to = new Json(streams.out()).object().field("outcome", report == null ? "PLANNED" : "APPLIED");
        to.field("exit_code", exitCode).name("plan").object();
        to.field("number", plan.number()).field("log_id", plan.logId());
        to.field("made", plan.made().toString()).name("kept").array();
        plan.kept().forEach((point, reasons) -> {
            to.object().field("point", point);
            PointText.strings(
                    to, "reasons", reasons.stream().map(Enum::name).sorted().toList());
            to.endObject();
        });
        to.endArray().name("dropped").array();
        plan.dropped().keySet().forEach(to::value);
        to.endArray().field("chunks", plan.items().size()).field("bytes", plan.bytes());
        to.field("not_before", plan.notBefore().map(Instant::toString).orElse(null));
        PointText.strings(to, "findings", plan.findings());
        to.endObject();
        if (report != null) {
            to.name("applied").object();
            PointText.strings(to, "deleted", report.deleted());
            to.field("bytes", report.bytes());
            PointText.strings(to, "spared", report.spared());
            to.field("waiting", report.waiting());
            to.field("next", report.next().map(Instant::toString).orElse(null)).endObject();
        }
        to.endObject();
        streams.out().character('\n');
    }
}
