package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreProgress.Stage;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.restore.RestoreReport.Outcome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Prints the plan and the report of a restore, as text or as JSON. Stateless. */
final class RestoreText {
    private RestoreText() {}

    // ---- text

    static void write(RestorePlan plan, Output out) {
        writeArchive(plan, out);
        out.line("would fetch " + Units.count(plan.segments(), "segment") + " and " + Units.count(plan.tails(), "tail")
                + ", " + Units.exactBytes(plan.fileBytes()) + " of files, " + Units.bytes(plan.objectBytes())
                + " of segments in the store");
        out.line("records     "
                + (plan.lastSequence() < plan.firstSequence()
                        ? "none"
                        : Units.range(plan.firstSequence(), plan.lastSequence())));
        out.line("checkpoint  "
                + (plan.checkpointSequence() == 0
                        ? "none"
                        : "covers the records up to " + Units.count(plan.checkpointSequence())));
        writeLeft(plan, out);
        out.line("needs       " + Units.exactBytes(plan.neededBytes()) + " on disk");
        out.line("result      " + (plan.newLog() ? "a new log with a new id" : "the same log"));
        writeLost(plan.gaps(), out);
        plan.strays().forEach(stray -> out.line("- stray slot, harmless: " + stray));
    }

    private static void writeArchive(RestorePlan plan, Output out) {
        out.line("archive     " + plan.archive() + ", of log " + plan.logId());
        out.line("proven      " + Units.count(plan.slots(), "slot") + ", complete up to record "
                + Units.count(plan.archivedSequence()));
        out.line("written     "
                + (plan.epoch() == 0
                        ? "never"
                        : "last " + plan.lastWritten() + " by " + plan.writerHost() + ", epoch " + plan.epoch()));
    }

    static void write(RestoreReport report, Output out) {
        writeArchive(report.plan(), out);
        out.line("outcome     " + outcome(report));
        out.line("directory   " + report.directory());
        out.line("records     "
                + (report.records() == 0
                        ? "none"
                        : Units.range(report.firstSequence(), report.lastSequence()) + " ("
                                + Units.count(report.records(), "record") + ")"));
        if (report.records() > 0 && report.lastTimestampNanos() > 0) {
            out.line("last        " + Units.time(report.lastTimestampNanos()));
        }
        out.line("fetched     " + Units.bytes(report.fetchedBytes()) + " for " + Units.exactBytes(report.bytes())
                + (report.reusedFiles() == 0
                        ? ""
                        : "; " + Units.count(report.reusedFiles(), "file") + " already present"));
        if (report.localAhead() > 0) {
            out.line("ahead       " + Units.count(report.localAhead(), "record")
                    + " of the existing log are not archived yet; they are kept");
        }
        report.keptDirectory().ifPresent(kept -> out.line("kept        " + kept));
        if (report.outcome() == Outcome.RESTORED) {
            writeLeft(report.plan(), out);
        }
        out.line("took        " + took(report.took()));
        writeLost(report.lost(), out);
        report.notes().forEach(note -> out.line("- " + note));
    }

    private static void writeLeft(RestorePlan plan, Output out) {
        if (plan.leftSegments() > 0) {
            out.line("left        " + Units.count(plan.leftSegments(), "segment") + " in the archive, "
                    + Units.exactBytes(plan.leftFileBytes()) + " of files, " + Units.bytes(plan.leftObjectBytes())
                    + " in the store");
        }
    }

    private static String outcome(RestoreReport report) {
        return switch (report.outcome()) {
            case RESTORED -> "restored, byte for byte: the same log";
            case COPIED -> "a new log, " + report.logId() + "; ship it to a new archive";
            case MERGED -> "merged with the existing log: the same log";
            case ALREADY_THERE -> "nothing to do: the log is already complete";
        };
    }

    private static String took(Map<Stage, Duration> took) {
        return took.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(stage -> String.format(
                        Locale.ROOT,
                        "%s %.3f s",
                        stage.getKey().name().toLowerCase(Locale.ROOT),
                        stage.getValue().toNanos() / 1e9))
                .collect(Collectors.joining(", "));
    }

    private static void writeLost(List<LostRange> lost, Output out) {
        lost.forEach(range -> out.line("- " + range));
    }

    // ---- JSON

    static void writeJson(RestorePlan plan, int exitCode, Output out) {
        Json to = new Json(out).object().field("outcome", "PLANNED").field("exit_code", exitCode);
        write(to, plan);
        to.endObject();
        out.character('\n');
    }

    static void writeJson(RestoreReport report, int exitCode, Output out) {
        Json to = new Json(out).object();
        to.field("outcome", report.outcome().name()).field("exit_code", exitCode);
        to.field("directory", report.directory().toString()).field("log_id", report.logId());
        to.field("first_sequence", report.firstSequence()).field("last_sequence", report.lastSequence());
        to.field("last_timestamp_ns", report.lastTimestampNanos()).field("records", report.records());
        to.field("bytes", report.bytes()).field("fetched_bytes", report.fetchedBytes());
        to.field("reused_files", report.reusedFiles()).field("local_ahead", report.localAhead());
        to.field("kept_directory", report.keptDirectory().map(Path::toString).orElse(null));
        LogReport.writeLost(to, report.lost());
        to.name("notes").array();
        report.notes().forEach(to::value);
        to.endArray().name("took_ns").object();
        report.took().forEach((stage, took) -> to.field(stage.name().toLowerCase(Locale.ROOT), took.toNanos()));
        to.endObject().name("plan").object();
        write(to, report.plan());
        to.endObject().endObject();
        out.character('\n');
    }

    private static void write(Json to, RestorePlan plan) {
        to.field("archive", plan.archive()).field("archive_log_id", plan.logId());
        to.field("archive_first_sequence", plan.firstSequence());
        to.field("planned_last_sequence", plan.lastSequence());
        to.field("archived_sequence", plan.archivedSequence()).field("epoch", plan.epoch());
        to.field("writer_host", plan.writerHost())
                .field("last_written", plan.lastWritten().toString());
        to.field("slots", plan.slots()).field("segments", plan.segments()).field("tails", plan.tails());
        to.field("checkpoint_sequence", plan.checkpointSequence());
        to.field("object_bytes", plan.objectBytes()).field("file_bytes", plan.fileBytes());
        to.field("needed_bytes", plan.neededBytes()).field("new_log", plan.newLog());
        to.field("left_segments", plan.leftSegments()).field("left_first_sequence", plan.leftFirstSequence());
        to.field("left_object_bytes", plan.leftObjectBytes()).field("left_file_bytes", plan.leftFileBytes());
        to.name("gaps").array();
        plan.gaps().forEach(gap -> to.value(gap.toString()));
        to.endArray().name("strays").array();
        plan.strays().forEach(to::value);
        to.endArray();
    }
}
