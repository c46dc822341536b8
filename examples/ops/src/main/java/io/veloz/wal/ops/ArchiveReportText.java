package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.archive.ArchiveReport;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.ArchiveReport.Replay;
import io.veloz.wal.archive.ArchiveStatus;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;

/** Prints reports on an archive, as text or as JSON. Stateless. */
final class ArchiveReportText {
    private ArchiveReportText() {}

    // ---- text

    static void write(ArchiveStatus status, Output out) {
        out.line("archive     " + status.archive());
        out.line("log         " + status.logId() + ", created " + status.created());
        String records = status.archivedSequence() < status.firstSequence()
                ? "none"
                : Units.range(status.firstSequence(), status.archivedSequence());
        out.line("records     " + records);
        if (status.lastTimestampNanos() > 0) {
            out.line("times       "
                    + (status.firstTimestampNanos() == 0 ? "up to " : Units.time(status.firstTimestampNanos()) + " to ")
                    + Units.time(status.lastTimestampNanos()) + ", of the records in segments");
        }
        if (status.retiredBy() > 0) {
            out.line("retired     records before " + Units.count(status.firstSequence()) + ", "
                    + Units.count(status.retiredSegments(), "segment") + ", by care record " + status.retiredBy());
        }
        out.line("tip         " + (status.tip() == 0 ? "none" : "slot " + Units.count(status.tip())));
        out.line("writer      "
                + (status.epoch() == 0
                        ? "none yet"
                        : status.host() + ", epoch " + status.epoch() + ", last write " + status.lastWritten()));
        if (status.epoch() > 0) {
            out.line("ended       "
                    + status.endedAt()
                            .map(time -> "on purpose at " + time)
                            .orElse("not recorded: the writer runs, was killed, or was cut off"));
        }
        out.line("segments    " + Units.count(status.segments()) + ", " + Units.bytes(status.segmentObjectBytes())
                + " for " + Units.bytes(status.segmentFileBytes()) + " of files");
        out.line("tails       " + Units.count(status.tails()) + ", " + Units.bytes(status.tailBytes()) + " of files");
        out.line("checkpoint  "
                + (status.checkpointSequence() == 0
                        ? "none"
                        : "covers the records up to " + Units.count(status.checkpointSequence())));
    }

    static void write(ArchiveReport report, Output out) {
        write(report.status(), out);
        out.line("checked     " + Units.count(report.status().slotsRead(), "slot") + ", "
                + Units.count(report.objects(), "object")
                + (report.full()
                        ? ", " + Units.exactBytes(report.bytesRead()) + " of content"
                        : ", sizes only; --full reads the contents"));
        if (report.skippedSegments() > 0) {
            out.line("skipped     " + Units.count(report.skippedSegments(), "segment")
                    + ", verified before or not in the sample");
        }
        report.replay().ifPresent(replay -> write(replay, out));
        out.character('\n');
        report.problems().forEach(problem -> out.line("- " + text(problem)));
        report.acknowledgedProblems().forEach(problem -> out.line("- " + text(problem) + "; its loss is acknowledged"));
        for (LostRange gap : report.status().gaps()) {
            out.line("- " + gap);
        }
        if (report.status().strays() > 0) {
            out.line("- " + Units.count(report.status().strays(), "stray slot") + "; harmless");
        }
        report.orphans().forEach(key -> out.line("- " + key + " is not referenced by any slot; harmless"));
        out.line("verdict: " + word(report));
    }

    private static String text(Problem problem) {
        String records = problem.firstSequence() < 0
                ? ""
                : " (records " + Units.range(problem.firstSequence(), problem.lastSequence()) + ")";
        return problem.key() + records + ": " + problem.reason();
    }

    private static void write(Replay replay, Output out) {
        if (replay.isForeign()) {
            out.line("replayed    nothing: no record is an order event. A Java program verifies records of other types:"
                    + " ArchiveVerifyOptions.replay");
        } else {
            out.line("replayed    " + Units.count(replay.records(), "order event") + " of the records "
                    + Units.range(replay.firstSequence(), replay.lastSequence()) + "; compared with "
                    + Units.count(replay.checkpoints(), "checkpoint"));
        }
        if (!replay.otherTypes().isEmpty()) {
            out.line("others      "
                    + replay.otherTypes().entrySet().stream()
                            .map(type -> Units.count(type.getValue(), "record") + " of "
                                    + (type.getKey() < 0 ? "other types" : "type " + type.getKey()))
                            .collect(Collectors.joining(", ")));
        }
        replay.notes().forEach(note -> out.line("note        " + note));
    }

    /** Returns the exit code. A declared gap is a warning, as in a log; and so is a replay that has verified nothing. */
    static int exitCode(ArchiveReport report) {
        if (!report.problems().isEmpty()) {
            return ExitCode.FAILED;
        }
        boolean isReplayed = report.replay().filter(Replay::isForeign).isEmpty();
        return report.isSound() && isReplayed ? ExitCode.OK : ExitCode.WARNING;
    }

    private static String word(ArchiveReport report) {
        return switch (exitCode(report)) {
            case ExitCode.OK -> "sound";
            case ExitCode.WARNING -> "warning";
            default -> "damaged";
        };
    }

    // ---- JSON

    static void writeJson(ArchiveReport report, Output out) {
        Json to = new Json(out).object();
        to.field("verdict", word(report)).field("exit_code", exitCode(report));
        write(to, report.status());
        to.field("skipped_segments", report.skippedSegments());
        to.field("full", report.full()).field("objects", report.objects());
        to.field("bytes_read", report.bytesRead());
        write(to.name("problems"), report.problems());
        write(to.name("acknowledged"), report.acknowledgedProblems());
        to.name("orphans").array();
        report.orphans().forEach(to::value);
        to.endArray();
        report.replay().ifPresent(replay -> write(to, replay));
        to.field("took_ns", report.took().toNanos()).endObject();
        out.character('\n');
    }

    private static void write(Json to, List<Problem> problems) {
        to.array();
        for (Problem problem : problems) {
            to.object().field("key", problem.key()).field("first_sequence", problem.firstSequence());
            to.field("last_sequence", problem.lastSequence());
            to.field("reason", problem.reason()).endObject();
        }
        to.endArray();
    }

    private static void write(Json to, Replay replay) {
        to.name("replay").object().field("first_sequence", replay.firstSequence());
        to.field("last_sequence", replay.lastSequence()).field("records", replay.records());
        to.field("checkpoints", replay.checkpoints()).name("other_types").object();
        replay.otherTypes().forEach((type, count) -> to.field(type < 0 ? "others" : type.toString(), count));
        to.endObject();
        PointText.strings(to, "notes", replay.notes());
        to.endObject();
    }

    /** Writes the fields of the current object. */
    static void write(Json to, ArchiveStatus status) {
        to.field("archive", status.archive()).field("log_id", status.logId());
        to.field("prefix", status.prefix()).field("created", status.created().toString());
        to.field("tip", status.tip()).field("epoch", status.epoch()).field("writer", status.writer());
        to.field("host", status.host())
                .field("last_written", status.lastWritten().toString());
        to.field("ended_at", status.endedAt().map(Instant::toString).orElse(""));
        to.field("first_sequence", status.firstSequence());
        to.field("archived_sequence", status.archivedSequence());
        to.field("first_timestamp_ns", status.firstTimestampNanos());
        to.field("last_timestamp_ns", status.lastTimestampNanos());
        to.field("retired_by", status.retiredBy()).field("retired_segments", status.retiredSegments());
        to.field("segments", status.segments()).field("segment_object_bytes", status.segmentObjectBytes());
        to.field("segment_file_bytes", status.segmentFileBytes());
        to.field("tails", status.tails()).field("tail_bytes", status.tailBytes());
        to.field("checkpoint_sequence", status.checkpointSequence());
        to.field("slots_read", status.slotsRead()).field("strays", status.strays());
        to.name("gaps").array();
        status.gaps().forEach(gap -> to.value(gap.toString()));
        to.endArray();
    }
}
