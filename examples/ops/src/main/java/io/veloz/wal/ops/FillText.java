package io.veloz.wal.ops;

import io.veloz.wal.archive.ArchiveFillReport;
import io.veloz.wal.archive.ArchiveFillStatus;
import java.nio.file.Path;

/** Prints what was filled in and what is left, as text or as JSON. Stateless. */
final class FillText {
    private FillText() {}

    static void write(ArchiveFillReport report, Path directory, boolean json, Output out) {
        if (json) {
            writeJson(report, directory, out);
            return;
        }
        out.line("outcome     " + outcome(report));
        out.line("directory   " + directory);
        if (report.firstSequence() > 0) {
            out.line("filled in   " + Units.count(report.filledSegments(), "segment") + ", "
                    + Units.bytes(report.fetchedBytes()) + " fetched"
                    + (report.reusedFiles() == 0
                            ? ""
                            : "; " + Units.count(report.reusedFiles(), "file") + " already present"));
            out.line("records     from " + Units.count(report.firstSequence()) + " on");
        }
        report.notes().forEach(note -> out.line("- " + note));
    }

    private static String outcome(ArchiveFillReport report) {
        return switch (report.outcome()) {
            case NOT_PENDING -> "nothing to do: no segments are left to fill in";
            case COMPLETE -> "complete";
            case TRIMMED -> "ended by a trim";
            case RETIRED -> "complete up to the first record that retention has kept";
            case LOST -> "complete down to records that are lost, as acknowledged";
            case STOPPED -> "stopped; run it again";
        };
    }

    private static void writeJson(ArchiveFillReport report, Path directory, Output out) {
        Json to = new Json(out).object();
        to.field("outcome", report.outcome().name()).field("exit_code", ExitCode.OK);
        to.field("directory", directory.toString()).field("filled_segments", report.filledSegments());
        to.field("reused_files", report.reusedFiles()).field("fetched_bytes", report.fetchedBytes());
        to.field("first_sequence", report.firstSequence()).field("left_segments", report.leftSegments());
        to.name("notes").array();
        report.notes().forEach(to::value);
        to.endArray().endObject();
        out.character('\n');
    }

    static String text(ArchiveFillStatus status) {
        return "pending, down to record " + Units.count(status.oldestSequence()) + ": "
                + Units.count(status.leftSegments(), "segment") + " in " + status.archive();
    }

    static void write(Json to, ArchiveFillStatus status) {
        to.object().field("archive", status.archive()).field("oldest_sequence", status.oldestSequence());
        to.field("left_segments", status.leftSegments()).endObject();
    }
}
