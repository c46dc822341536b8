package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalCheckpoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Prints a report on a log, as text or as JSON. Not thread-safe. */
final class LogReport {
    private final RecoveryReport report;
    private final @Nullable WalCheckpoint checkpoint;
    private final boolean hasWriter;
    private final LogSource source;
    private final Assessment assessment;

    private LogReport(
            RecoveryReport report, @Nullable WalCheckpoint checkpoint, LogSource source, Assessment assessment) {
        this.report = report;
        this.checkpoint = checkpoint;
        this.hasWriter = source.hasWriter();
        this.source = source;
        this.assessment = assessment;
    }

    static LogReport of(RecoveryReport report, LogSource source) {
        WalCheckpoint checkpoint = WalCheckpoint.newest(source.options()).orElse(null);
        boolean unreadable = checkpoint == null && source.checkpointFiles() > 0;
        return new LogReport(report, checkpoint, source, Assessment.of(report, unreadable));
    }

    int exitCode() {
        return assessment.exitCode();
    }

    void writeText(Output out) {
        writeHead(out);
        out.character('\n');
        out.lineOf("%-28s %-10s %26s %12s %16s", "file", "verdict", "records", "count", "data bytes");
        for (SegmentReport segment : report.segments()) {
            String range =
                    segment.firstSequence() < 0 ? "-" : Units.range(segment.firstSequence(), segment.lastSequence());
            out.lineOf(
                    "%-28s %-10s %26s %12s %16s",
                    segment.file(),
                    Assessment.word(segment),
                    range,
                    Units.count(segment.records()),
                    segment.fileBytes() == 0 ? "-" : Units.count(segment.dataBytes()));
            // The times of records in the tails of an archive are not known.
            if (segment.records() > 0 && segment.maxTimestampNanos() != 0) {
                out.lineOf(
                        "    %s to %s",
                        Units.time(segment.minTimestampNanos()), Units.time(segment.maxTimestampNanos()));
            }
        }
        out.character('\n');
        assessment.findings().forEach(finding -> out.line("- " + finding));
        out.line("verdict: " + assessment.word());
    }

    private void writeHead(Output out) {
        out.line("log         " + (report.logId().isEmpty() ? "not written yet" : report.logId()));
        out.line("directory   " + report.directory());
        String records = report.records() == 0
                ? "none" + (report.lastSequence() > 0 ? " left; the last one was " + report.lastSequence() : "")
                : Units.range(report.firstSequence(), report.lastSequence()) + " ("
                        + Units.count(report.records(), "record") + ")";
        out.line("records     " + records);
        if (report.expectedFirstSequence() > 1) {
            out.line("trimmed     before " + Units.count(report.expectedFirstSequence()));
        }
        source.pendingFill().ifPresent(pending -> out.line("fill-in     " + FillText.text(pending)));
        out.line("writer      " + writer());
        WalCheckpoint newest = checkpoint;
        out.line("checkpoint  "
                + (newest == null
                        ? "none"
                        : "covers the records up to " + Units.count(newest.sequence()) + ", "
                                + Units.exactBytes(newest.contentBytes()) + ", written "
                                + Units.time(newest.createdNanos())));
        if (report.quarantinedBytes() > 0) {
            out.line("torn        " + Units.exactBytes(report.quarantinedBytes()) + ", never acknowledged");
        }
        if (!report.quarantined().isEmpty()) {
            out.line("quarantine  " + Units.count(report.quarantined().size(), "file") + ": "
                    + String.join(", ", report.quarantined()));
        }
    }

    private String writer() {
        if (source.archive().isPresent()) {
            return "not known; this is an archive";
        }
        return hasWriter ? "has the log open; only durable records are shown" : "none";
    }

    void writeJson(Output out) {
        Json json = new Json(out).object();
        json.field("directory", report.directory()).field("log_id", report.logId());
        json.field("verdict", assessment.word()).field("exit_code", assessment.exitCode());
        json.name("findings").array();
        assessment.findings().forEach(json::value);
        json.endArray();
        json.field("first_sequence", report.firstSequence()).field("last_sequence", report.lastSequence());
        json.field("expected_first_sequence", report.expectedFirstSequence());
        json.field("records", report.records()).field("has_writer", hasWriter);
        json.field("has_torn_tail", report.hasTornTail()).field("torn_bytes", report.quarantinedBytes());
        json.name("quarantined").array();
        report.quarantined().forEach(json::value);
        json.endArray();
        writeCheckpoint(json);
        source.pendingFill().ifPresent(pending -> FillText.write(json.name("fill_in"), pending));
        writeLost(json, report.lost());
        json.name("segments").array();
        for (SegmentReport segment : report.segments()) {
            json.newLine();
            write(json, segment);
        }
        json.endArray();
        json.field("took_ns", report.took().toNanos());
        source.writeCost(json);
        json.endObject();
        out.character('\n');
    }

    private void writeCheckpoint(Json json) {
        WalCheckpoint newest = checkpoint;
        json.name("checkpoint");
        if (newest == null) {
            json.value((String) null);
            return;
        }
        json.object().field("sequence", newest.sequence()).field("created_ns", newest.createdNanos());
        json.field("content_bytes", newest.contentBytes()).endObject();
    }

    static void writeLost(Json json, List<LostRange> lost) {
        json.name("lost").array();
        for (LostRange range : lost) {
            json.object().field("first_sequence", range.firstSequence()).field("last_sequence", range.lastSequence());
            json.field("file", range.file()).field("position", range.position());
            json.field("reason", range.reason()).endObject();
        }
        json.endArray();
    }

    private static void write(Json json, SegmentReport segment) {
        json.object().field("file", segment.file()).field("number", segment.number());
        json.field("verdict", segment.verdict().name());
        json.field("first_sequence", segment.firstSequence()).field("last_sequence", segment.lastSequence());
        json.field("records", segment.records());
        json.field("min_timestamp_ns", segment.minTimestampNanos());
        json.field("max_timestamp_ns", segment.maxTimestampNanos());
        json.field("data_bytes", segment.dataBytes()).field("file_bytes", segment.fileBytes());
        json.field("detail", segment.detail()).endObject();
    }
}
