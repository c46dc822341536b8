package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import java.util.ArrayList;
import java.util.List;

/**
 * What a report on a log means for its owner. Immutable.
 *
 * @param word "sound", "warning" or "damaged"
 */
record Assessment(int exitCode, String word, List<String> findings) {
    static Assessment of(RecoveryReport report, boolean checkpointIsUnreadable) {
        List<String> findings = new ArrayList<>();
        for (SegmentReport segment : report.segments()) {
            if (!segment.isGood()) {
                findings.add(segment.file() + " is " + word(segment) + ": " + segment.detail());
            } else if (segment.verdict() == SegmentReport.Verdict.TORN_TAIL) {
                findings.add("torn tail in " + segment.file() + " at " + segment.dataBytes()
                        + ": its writer died while it wrote; nothing there was acknowledged, and the next open cuts it"
                        + " off and keeps it");
            } else if (segment.verdict() == SegmentReport.Verdict.UNSEALED
                    && !segment.detail().isEmpty()) {
                findings.add(segment.file() + ": " + segment.detail());
            }
        }
        if (report.segments().isEmpty()) {
            findings.add("there is no segment: nothing was ever written here, or every file of the log is gone");
        }
        for (LostRange range : report.lost()) {
            findings.add(range.toString());
        }
        if (checkpointIsUnreadable) {
            findings.add(
                    "no checkpoint can be read, though there is a file of one: a replay starts at the first record");
        }
        if (!report.isSound()) {
            return new Assessment(ExitCode.FAILED, "damaged", findings);
        }
        return findings.isEmpty()
                ? new Assessment(ExitCode.OK, "sound", findings)
                : new Assessment(ExitCode.WARNING, "warning", findings);
    }

    /** A verdict as people write it. */
    static String word(SegmentReport segment) {
        return switch (segment.verdict()) {
            case SEALED -> "sealed";
            case ACTIVE -> "active";
            case PREPARED -> "prepared";
            case TORN_TAIL -> "torn tail";
            case UNSEALED -> "unsealed";
            case CORRUPT -> "corrupt";
            case MISSING -> "missing";
            case FOREIGN -> "foreign";
            case UNKNOWN_VERSION -> "of an unknown version";
        };
    }
}
