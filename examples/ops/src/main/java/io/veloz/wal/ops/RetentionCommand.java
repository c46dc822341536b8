package io.veloz.wal.ops;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.BackupProfile;
import io.veloz.wal.backup.Retention;
import io.veloz.wal.backup.RetentionPlan;
import io.veloz.wal.backup.RetentionReport;
import java.io.IOException;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code retention}: plans which attachments may be deleted, and deletes those whose grace has ended. */
@Command(
        name = "retention",
        description = {
            "Plans which attachments may be deleted, by keep.within, keep.at-least and keep.monthly of the profile, and stores"
                    + " the plan in the archive. With --apply, also deletes those whose grace (keep.grace) has ended.",
            "",
            "Never deletes what the newest whole point or the newest drilled point names, nor what any kept point names."
                    + " Points themselves remain. Deleting requires a right that the backups do not need: run it as another"
                    + " user."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal retention --profile backup.properties",
            "  veloz-wal retention --profile backup.properties --apply",
            "",
            "  0   planned; with --apply: everything whose grace has ended is deleted",
            "  1   as 0, with findings",
            "  2   failed",
            "  4   refused: the archive does not allow it, such as a damaged chain of points; nothing was deleted",
            "  5   the store cannot be reached: run it again later",
            "  64  usage"
        })
final class RetentionCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private ProfileArguments profile = new ProfileArguments();

    @Option(names = "--apply", description = "Delete the attachments whose grace has ended.")
    private boolean apply;

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
        BackupProfile read = profile.read();
        try (ObjectStore store = arguments.open(spec, profile.uri(spec, read))) {
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
