package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import java.util.ArrayList;
import java.util.List;

/**
 * The verdict on a log, with its reasons. Immutable.
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
                        + ": a crash interrupted a write; nothing in it was acknowledged, and the next open moves it to"
                        + " quarantine");
            } else if (segment.verdict() == SegmentReport.Verdict.UNSEALED
                    && !segment.detail().isEmpty()) {
                findings.add(segment.file() + ": " + segment.detail());
            }
        }
        if (report.segments().isEmpty()) {
            findings.add("no segment: nothing was ever written to this log, or all of its files are missing");
        }
        for (LostRange range : report.lost()) {
            findings.add(range.toString());
        }
        if (checkpointIsUnreadable) {
            findings.add(
                    "no checkpoint can be read, although a checkpoint file exists: a replay starts at the first record");
        }
        if (!report.isSound()) {
            return new Assessment(ExitCode.FAILED, "damaged", findings);
        }
        return findings.isEmpty()
                ? new Assessment(ExitCode.OK, "sound", findings)
                : new Assessment(ExitCode.WARNING, "warning", findings);
    }

    /** Returns the verdict on a segment as text. */
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
