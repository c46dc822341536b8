package io.veloz.wal.ops;

import io.veloz.wal.archive.ArchiveRetention;
import io.veloz.wal.archive.ArchiveRetentionOptions;
import io.veloz.wal.archive.ArchiveRetentionReport;
import io.veloz.wal.archive.ArchiveRetentionReport.Limit;
import io.veloz.wal.archive.ArchiveRetentionReport.Outcome;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryPoints;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The retention of the log's archive: the options of {@code retention} without a profile, and what it prints. */
final class LogRetention {
    static final String NAMES = "--keep-days, --keep-segments, --grace and --yes";

    private static final int LIMITS_PRINTED = 3;

    @Option(
            names = "--keep-days",
            paramLabel = "N",
            description = "Keep the records of the last N days of the log. Default: VELOZ_WAL_RETENTION_DAYS, or 7.")
    private @Nullable Integer keepDays;

    @Option(
            names = "--keep-segments",
            paramLabel = "N",
            description = "Keep at least the newest N segments, however old they are.")
    private @Nullable Long keepSegments;

    @Option(
            names = "--grace",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "Time between a plan and its deletion, for restores that run. Default: 24h.")
    private @Nullable Duration grace;

    @Option(
            names = "--yes",
            paramLabel = "N",
            description =
                    "Allow a plan for more than a fifth of the archive, if it has exactly N objects. The refusal states N.")
    private @Nullable Long yes;

    boolean isGiven() {
        return keepDays != null || keepSegments != null || grace != null || yes != null;
    }

    /** Returns the exit code. */
    int run(ObjectStore store, CommandSpec spec, boolean apply, boolean json, Output out) {
        ArchiveRetentionOptions options = options(store, spec);
        ArchiveRetentionReport report =
                apply ? ArchiveRetention.apply(store, options) : ArchiveRetention.plan(store, options);
        int exitCode = report.findings().isEmpty() ? ExitCode.OK : ExitCode.WARNING;
        if (json) {
            writeJson(exitCode, report, out);
        } else {
            write(store.describe(), report, out);
        }
        return exitCode;
    }

    private ArchiveRetentionOptions options(ObjectStore store, CommandSpec spec) {
        try {
            ArchiveRetentionOptions.Builder options =
                    ArchiveRetentionOptions.builder().needs(RecoveryPoints.needs(store));
            options = keepDays == null ? options : options.keepFor(Duration.ofDays(keepDays));
            options = keepSegments == null ? options : options.keepSegments(keepSegments);
            options = grace == null ? options : options.grace(grace);
            return (yes == null ? options : options.accept(yes)).build();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
        }
    }

    private static void write(String archive, ArchiveRetentionReport report, Output out) {
        out.line("archive     " + archive);
        out.line("outcome     " + text(report));
        if (report.objects() > 0) {
            out.line((report.outcome() == Outcome.DELETED ? "deleted     " : "retires     ") + "the records before "
                    + Units.count(report.firstSequence()) + ": " + Units.count(report.segments(), "segment") + ", "
                    + Units.count(report.objects(), "object") + ", " + Units.bytes(report.bytes()));
        }
        if (report.lastTimeNanos() != 0) {
            out.line(
                    "times       " + Units.time(report.firstTimeNanos()) + " to " + Units.time(report.lastTimeNanos()));
        }
        for (Limit limit : report.limits()
                .subList(0, Math.min(LIMITS_PRINTED, report.limits().size()))) {
            out.line("kept        from record " + Units.count(limit.firstSequence()) + " on: " + limit.what());
        }
        report.findings().forEach(finding -> out.line("- " + finding));
    }

    private static String text(ArchiveRetentionReport report) {
        String plan = "plan " + report.plan();
        return switch (report.outcome()) {
            case NOTHING -> "nothing may go";
            case PLANNED ->
                plan + ", may be applied from "
                        + report.due().map(Instant::toString).orElse("") + " on";
            case DUE -> plan + ", may be applied now";
            case DELETED -> plan + " is applied";
            case CLOSED -> plan + " is closed: nothing of it may go any more";
            case DELETING -> plan + ": its deletion was interrupted; --apply completes it";
        };
    }

    private static void writeJson(int exitCode, ArchiveRetentionReport report, Output out) {
        Json to =
                new Json(out).object().field("outcome", report.outcome().name()).field("exit_code", exitCode);
        to.field("plan", report.plan()).field("first_sequence", report.firstSequence());
        to.field("segments", report.segments())
                .field("objects", report.objects())
                .field("bytes", report.bytes());
        to.field("first_time_ns", report.firstTimeNanos()).field("last_time_ns", report.lastTimeNanos());
        to.field("due", report.due().map(Instant::toString).orElse(null))
                .name("limits")
                .array();
        for (Limit limit : report.limits()) {
            to.object()
                    .field("what", limit.what())
                    .field("first_sequence", limit.firstSequence())
                    .endObject();
        }
        to.endArray();
        PointText.strings(to, "findings", report.findings());
        to.endObject();
        out.character('\n');
    }
}
