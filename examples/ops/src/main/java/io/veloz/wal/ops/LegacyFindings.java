package io.veloz.wal.ops;

import io.veloz.wal.legacy.LegacyFinding;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import io.veloz.wal.legacy.LegacyReplay;
import java.util.Map;

/** The findings in an old log, as text, as JSON and as an exit code. Stateless. */
final class LegacyFindings {
    private LegacyFindings() {}

    static int exitCode(LegacyReplay replay) {
        Severity worst = replay.worst().orElse(null);
        if (worst == null) {
            return ExitCode.OK;
        }
        return worst.compareTo(Severity.DOUBTFUL) >= 0 ? ExitCode.FAILED : ExitCode.WARNING;
    }

    static void print(LegacyReplay replay, Streams streams) {
        replay.findings().forEach(finding -> streams.warning(text(finding)));
        long more = count(replay) - replay.findings().size();
        if (more > 0) {
            streams.warning("and " + Units.count(more, "finding") + " more: " + replay.findingCounts());
        }
    }

    static long count(LegacyReplay replay) {
        return replay.findingCounts().values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    private static String text(LegacyFinding finding) {
        StringBuilder text = new StringBuilder();
        text.append(finding.kind()).append(" (").append(finding.severity()).append(')');
        if (!finding.file().isEmpty()) {
            text.append(' ').append(finding.file());
        }
        if (finding.position() >= 0) {
            text.append(" at ").append(finding.position());
        }
        if (finding.length() > 0) {
            text.append(", ").append(Units.exactBytes(finding.length()));
        }
        if (finding.firstSequence() >= 0) {
            text.append(", entry ").append(finding.firstSequence());
            if (finding.lastSequence() > finding.firstSequence()) {
                text.append(" to ").append(finding.lastSequence());
            }
        }
        return text.append(": ").append(finding.text()).toString();
    }

    static void write(Json json, LegacyReplay replay) {
        json.name("finding_counts").object();
        for (Map.Entry<LegacyFinding.Kind, Long> count : replay.findingCounts().entrySet()) {
            json.field(count.getKey().name(), count.getValue());
        }
        json.endObject().name("findings").array();
        for (LegacyFinding finding : replay.findings()) {
            json.newLine();
            json.object().field("kind", finding.kind().name());
            json.field("severity", finding.severity().name()).field("file", finding.file());
            json.field("position", finding.position()).field("length", finding.length());
            json.field("first_sequence", finding.firstSequence());
            json.field("last_sequence", finding.lastSequence());
            json.field("text", finding.text()).endObject();
        }
        json.endArray();
    }
}
