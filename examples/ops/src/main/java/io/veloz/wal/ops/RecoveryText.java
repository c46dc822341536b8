package io.veloz.wal.ops;

import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.RecoveryPlan;
import io.veloz.wal.backup.RecoveryReport;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Prints the plan and the report of a recovery, as text or as JSON. Immutable. */
final class RecoveryText {
    private final String archive;
    private final Path profile;
    private final @Nullable RecoveryPlan plan;

    /** @param plan null for an earlier recovery that is resumed */
    RecoveryText(String archive, Path profile, @Nullable RecoveryPlan plan) {
        this.archive = archive;
        this.profile = profile;
        this.plan = plan;
    }

    // ---- plan

    /** Prints the plan as the result of the command. Returns the exit code. */
    int plan(boolean json, Output out) {
        RecoveryPlan made = Objects.requireNonNull(plan);
        int exitCode = made.findings().isEmpty() ? ExitCode.OK : ExitCode.WARNING;
        if (json) {
            Json to = new Json(out).object().field("outcome", "PLANNED").field("exit_code", exitCode);
            write(to, made);
            to.endObject();
            out.character('\n');
        } else {
            write(out);
        }
        return exitCode;
    }

    /** Prints the plan as text. */
    void write(Output out) {
        RecoveryPlan made = Objects.requireNonNull(plan);
        out.line("archive     " + archive);
        out.line("point       " + PointText.title(made.point()) + ", "
                + PointText.age(made.point().made()) + " ago");
        if (!made.attachments().isEmpty()) {
            out.line("fetches     " + PointText.sizes(made.attachments()));
            Attachment oldest = made.attachments().stream()
                    .min(Comparator.comparing(Attachment::taken))
                    .orElseThrow();
            out.line("oldest      " + oldest.kind().label() + ", taken " + oldest.taken() + ", " + Units.age(made.age())
                    + " ago");
        }
        out.line("steps");
        made.steps().forEach(step -> out.line("  " + step));
        made.findings().forEach(finding -> out.line("- " + finding));
    }

    private void write(Json to, RecoveryPlan made) {
        to.name("plan").object().field("archive", archive).name("point").object();
        PointText.write(to, made.point());
        to.endObject().name("attachments").array();
        made.attachments().forEach(attachment -> PointText.write(to, attachment));
        to.endArray().field("stored_bytes", made.storedBytes());
        to.field("age_seconds", made.age().toSeconds());
        PointText.strings(to, "steps", made.steps());
        PointText.strings(to, "findings", made.findings());
        to.endObject();
    }

    // ---- report

    /** Prints the report. Returns the exit code. */
    int report(String outcome, RecoveryReport report, boolean json, Output out) {
        int exitCode = report.findings().isEmpty() ? ExitCode.OK : ExitCode.WARNING;
        // What happened at the venue after the last record is unknown to the engine until it accepts orders.
        Optional<Instant> unknownFrom = report.live() ? Optional.empty() : report.lastRecord();
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        if (json) {
            writeJson(outcome, exitCode, report, unknownFrom, now, out);
        } else {
            write(outcome, report, unknownFrom, now, out);
        }
        return exitCode;
    }

    private void write(String outcome, RecoveryReport report, Optional<Instant> unknownFrom, Instant now, Output out) {
        out.line("outcome     " + (outcome.equals("RESUMED") ? "completed" : "recovered") + " from point "
                + Units.count(report.point()));
        if (report.lastSequence() > 0) {
            out.line("log         up to record " + Units.count(report.lastSequence())
                    + report.lastRecord().map(time -> ", written " + time).orElse(""));
        }
        out.line("engine      " + engine(report));
        report.gates().forEach(gate -> out.line("- " + gate));
        report.changes().forEach(change -> out.line("- done: " + change));
        out.line("took        " + took(report) + "; " + Units.seconds(report.total()) + " in total");
        report.findings().forEach(finding -> out.line("- " + finding));
        unknownFrom.ifPresent(from -> out.line("reconcile   with the venue: " + from + " to " + now
                + ". The engine does not know what happened in that time"));
        out.line("next        " + next(report));
        if (!report.live()) {
            out.line("or          " + command("--roll-back"));
        }
    }

    private static String engine(RecoveryReport report) {
        if (!report.started()) {
            return "not started";
        }
        return report.live()
                ? "started, its state equals the log, accepts orders"
                : "started, its state equals the log";
    }

    private static String took(RecoveryReport report) {
        return report.took().entrySet().stream()
                .map(step -> step.getKey() + " " + Units.seconds(step.getValue()))
                .collect(Collectors.joining(", "));
    }

    /** Returns the exact command of the next step. */
    private String next(RecoveryReport report) {
        if (report.live()) {
            return command("--clean-up");
        }
        return command(report.started() ? "--resume --go-live" : "--resume --start");
    }

    private String command(String options) {
        return "veloz-wal recover " + options + " --profile " + profile;
    }

    private void writeJson(
            String outcome,
            int exitCode,
            RecoveryReport report,
            Optional<Instant> unknownFrom,
            Instant now,
            Output out) {
        Json to = new Json(out).object().field("outcome", outcome).field("exit_code", exitCode);
        to.field("point", report.point()).field("last_sequence", report.lastSequence());
        to.field("last_record", report.lastRecord().map(Instant::toString).orElse(null));
        to.field("started", report.started()).field("live", report.live());
        PointText.strings(to, "gates", report.gates());
        PointText.strings(to, "changes", report.changes());
        PointText.strings(to, "findings", report.findings());
        to.name("took_ns").object();
        for (Map.Entry<String, Duration> step : report.took().entrySet()) {
            to.field(step.getKey(), step.getValue().toNanos());
        }
        to.endObject().field("total_ns", report.total().toNanos());
        to.field("reconcile_from", unknownFrom.map(Instant::toString).orElse(null));
        to.field("reconcile_to", unknownFrom.map(from -> now.toString()).orElse(null));
        to.field("next", next(report));
        if (plan != null) {
            write(to, plan);
        }
        to.endObject();
        out.character('\n');
    }

    /** Prints the end of a rollback or a clean-up, with what it has set aside or deleted. Returns the exit code. */
    int done(String outcome, String text, String what, List<String> items, boolean json, Output out) {
        if (json) {
            Json object = new Json(out).object().field("outcome", outcome).field("exit_code", ExitCode.OK);
            object.name(what.replace(' ', '_')).array();
            items.forEach(object::value);
            object.endArray().endObject();
            out.character('\n');
        } else {
            out.line(text);
            items.forEach(item -> out.line("- " + what + ": " + item));
        }
        return ExitCode.OK;
    }
}
