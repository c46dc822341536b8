package io.veloz.wal.ops;

import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.BackupReport;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryPoint;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Prints the report of a backup, as text or as JSON. Stateless. */
final class BackupText {
    private BackupText() {}

    static int exitCode(BackupReport report) {
        return report.findings().isEmpty() ? ExitCode.OK : ExitCode.WARNING;
    }

    static void write(String archive, BackupReport report, boolean dryRun, Output out) {
        out.line("archive     " + archive);
        Optional<RecoveryPoint> made = report.point();
        if (made.isEmpty()) {
            out.line("point       none: nothing has changed since the newest one");
        } else if (dryRun) {
            out.line("point       " + Units.count(made.get().number()) + " would be made; nothing was stored");
        } else {
            out.line("point       " + PointText.title(made.get()));
        }
        if (made.isPresent()) {
            List<Attachment> stored = stored(made.get(), report);
            out.line((dryRun ? "would store " : "stored      ") + PointText.sizes(stored));
            out.line("taken at    record " + PointText.bracket(stored) + " of the log, which is archived up to record "
                    + Units.count(made.get().tip().archivedSequence()));
        }
        if (!report.unchanged().isEmpty()) {
            out.line("unchanged   " + KindNames.of(report.unchanged()));
        }
        report.keyExpiry().ifPresent(expiry -> out.line("key expires " + expiry));
        out.line("took        " + Units.seconds(report.took()));
        report.findings().forEach(finding -> out.line("- " + finding));
    }

    private static List<Attachment> stored(RecoveryPoint point, BackupReport report) {
        return point.attachments().stream()
                .filter(attachment -> report.stored().contains(attachment.kind()))
                .toList();
    }

    static void writeJson(String archive, BackupReport report, boolean dryRun, Output out) {
        String outcome = report.point().isEmpty() ? "UNCHANGED" : dryRun ? "PLANNED" : "MADE";
        Json to = new Json(out).object().field("outcome", outcome).field("exit_code", exitCode(report));
        to.field("archive", archive);
        report.point().ifPresent(point -> {
            to.name("point").object();
            PointText.write(to, point);
            to.endObject();
        });
        kinds(to, "stored", report.stored());
        kinds(to, "unchanged", report.unchanged());
        to.field("stored_bytes", report.storedBytes());
        to.field("key_expiry", report.keyExpiry().map(Instant::toString).orElse(null));
        PointText.strings(to, "findings", report.findings());
        to.field("took_ns", report.took().toNanos()).endObject();
        out.character('\n');
    }

    private static void kinds(Json to, String name, Collection<Kind> kinds) {
        PointText.strings(to, name, kinds.stream().sorted().map(Kind::label).toList());
    }
}
