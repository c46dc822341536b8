package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.spi.LogFiles;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The segments in the directory of a log, as a verification found them. Immutable. */
final class LocalSegments {
    private static final Pattern SEALED = Pattern.compile("[A-Za-z0-9_-]+_[0-9]{16}\\.wal");

    private final LogFiles files;
    private final RecoveryReport report;
    private final Set<String> names;

    /** @param names the files in the directory */
    LocalSegments(LogFiles files, RecoveryReport report, List<String> names) {
        this.files = files;
        this.report = report;
        this.names = Set.copyOf(names);
    }

    RecoveryReport report() {
        return report;
    }

    boolean has(String name) {
        return names.contains(name);
    }

    /** Returns the report about a file; empty if the verification does not name it. */
    Optional<SegmentReport> of(String name) {
        return report.segments().stream()
                .filter(segment -> segment.file().equals(name) && segment.verdict() != Verdict.MISSING)
                .findFirst();
    }

    /** Returns the highest number of a file that the log reads. */
    long last() {
        return Math.max(lastSealed(), active().map(this::activeNumber).orElse(0L));
    }

    long lastSealed() {
        int digitsAt = files.prefix().length() + 1;
        return names.stream()
                .filter(name -> name.startsWith(files.prefix() + "_")
                        && SEALED.matcher(name).matches())
                .mapToLong(name -> Long.parseLong(name.substring(digitsAt, name.length() - ".wal".length())))
                .max()
                .orElse(0);
    }

    /** Returns the report about the active segment; empty if there is no such file. */
    Optional<SegmentReport> active() {
        return has(files.currentName()) ? of(files.currentName()) : Optional.empty();
    }

    /**
     * Returns the number of the active segment. If its header is damaged, that is the lowest number it can have, the one after the
     * last sealed one: it is higher if sealed ones are missing.
     */
    long activeNumber(SegmentReport active) {
        return active.number() > 0 ? active.number() : lastSealed() + 1;
    }

    /** Returns whether there is an active segment whose header is unreadable, so that its number is not known. */
    boolean isHeaderLost() {
        return active().filter(active -> active.number() <= 0 && active.verdict() == Verdict.CORRUPT)
                .isPresent();
    }

    /** Returns whether the log is known to have had more files at its end: it has no active segment, or one of too low a number. */
    boolean isEndMissing() {
        return report.segments().stream()
                .anyMatch(segment -> segment.verdict() == Verdict.MISSING
                        && (segment.file().equals(files.currentName()) || !has(files.currentName())));
    }
}
