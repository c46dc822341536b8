package io.veloz.wal.ops;

import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.PointsReport;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.RecoveryPoints.Listed;
import java.util.List;
import java.util.Map;

/** Prints the recovery points of an archive and their verification, as text or as JSON. Stateless. */
final class PointsText {
    private PointsText() {}

    // ---- list

    /** Returns the exit code. */
    static int write(String archive, List<Listed> points, boolean json, Output out) {
        int exitCode = exitCode(points.isEmpty(), points.stream().allMatch(point -> isSound(point)));
        if (json) {
            writeJson(archive, exitCode, points, out);
            return exitCode;
        }
        out.line("archive     " + archive);
        if (points.isEmpty()) {
            out.line("points      none; `veloz-wal backup` makes one");
            return exitCode;
        }
        out.lineOf("%8s  %-12s %-16s %-26s %s", "point", "age", "host", "records", "kinds");
        for (Listed listed : points) {
            RecoveryPoint point = listed.point();
            out.lineOf(
                    "%8s  %-12s %-16s %-26s %s",
                    Units.count(point.number()),
                    Units.age(listed.age()),
                    point.host(),
                    PointText.bracket(point.attachments()),
                    PointText.sizes(point.attachments()));
            if (listed.droppedBy().isPresent()) {
                out.line("          dropped by retention plan "
                        + listed.droppedBy().getAsLong());
            } else {
                listed.problems().forEach(problem -> out.line("- point " + point.number() + ": " + problem));
                listed.retired().ifPresent(why -> out.line("- point " + point.number() + ": " + why));
            }
        }
        return exitCode;
    }

    /** Retention deletes the chunks of a dropped point, so these may be missing. */
    private static boolean isSound(Listed listed) {
        return listed.isWhole() || listed.droppedBy().isPresent();
    }

    private static int exitCode(boolean none, boolean sound) {
        return !sound ? ExitCode.FAILED : none ? ExitCode.WARNING : ExitCode.OK;
    }

    private static void writeJson(String archive, int exitCode, List<Listed> points, Output out) {
        Json to = new Json(out).object().field("exit_code", exitCode).field("archive", archive);
        to.name("points").array();
        for (Listed listed : points) {
            to.object();
            PointText.write(to, listed.point());
            to.field("age_seconds", listed.age().toSeconds()).field("whole", listed.isWhole());
            to.field("dropped_by", listed.droppedBy().orElse(0));
            PointText.strings(
                    to,
                    "kinds",
                    listed.point().attachments().stream()
                            .map(attachment -> attachment.kind())
                            .sorted()
                            .map(Kind::label)
                            .toList());
            PointText.strings(to, "problems", listed.problems());
            to.field("retired", listed.retired().orElse(null));
            to.endObject();
        }
        to.endArray().endObject();
        out.character('\n');
    }

    // ---- verify

    /** Returns the exit code. */
    static int write(String archive, PointsReport report, boolean json, Output out) {
        int exitCode = exitCode(report.findings().isEmpty(), report.isClean());
        if (json) {
            writeJson(archive, exitCode, report, out);
            return exitCode;
        }
        out.line("archive     " + archive);
        out.line("checked     " + Units.count(report.findings().size(), "point") + ", "
                + Units.count(report.attachments(), "attachment") + ", " + Units.exactBytes(report.bytes())
                + (report.decrypted()
                        ? ", decrypted, with valid signatures"
                        : report.full() ? ", read" : ", sizes only; --full reads the contents"));
        if (report.dropped() > 0) {
            out.line("dropped     " + Units.count(report.dropped(), "point") + " by retention, not checked");
        }
        report.findings()
                .forEach((point, found) -> found.forEach(finding -> out.line("- point " + point + ": " + finding)));
        out.line("verdict: " + word(exitCode));
        return exitCode;
    }

    private static String word(int exitCode) {
        return exitCode == ExitCode.OK ? "sound" : exitCode == ExitCode.WARNING ? "no recovery points" : "damaged";
    }

    private static void writeJson(String archive, int exitCode, PointsReport report, Output out) {
        Json to = new Json(out).object().field("verdict", word(exitCode)).field("exit_code", exitCode);
        to.field("archive", archive).field("attachments", report.attachments());
        to.field("bytes", report.bytes()).field("full", report.full());
        to.field("decrypted", report.decrypted()).field("dropped", report.dropped());
        to.name("points").array();
        for (Map.Entry<Long, List<String>> point : report.findings().entrySet()) {
            to.object().field("number", point.getKey());
            PointText.strings(to, "findings", point.getValue());
            to.endObject();
        }
        to.endArray().endObject();
        out.character('\n');
    }
}
