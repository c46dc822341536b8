package io.veloz.wal.http;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Checks the age of the backups. Only {@code /health} includes these checks: neither a restart nor another engine makes a
 * backup. Thread-safe.
 */
final class BackupChecks {
    /** Differences of the clocks of two machines that are accepted. */
    private static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(5);

    private final BackupMetricsFile file;
    private final Map<String, Duration> maxAges;
    private final @Nullable Duration maxDrillAge;
    private final Clock clock;

    BackupChecks(BackupMetricsFile file, Map<String, Duration> maxAges, @Nullable Duration maxDrillAge, Clock clock) {
        this.file = file;
        this.maxAges = new TreeMap<>(maxAges);
        this.maxDrillAge = maxDrillAge;
        this.clock = clock;
    }

    List<Check> checks() {
        List<Check> checks = new ArrayList<>();
        checks.add(new Check("backup metrics", Set.of(), this::readable));
        maxAges.forEach((kind, maxAge) -> checks.add(new Check("backup " + kind, Set.of(), () -> age(kind, maxAge))));
        Duration drill = maxDrillAge;
        if (drill != null) {
            checks.add(new Check("drill", Set.of(), () -> drillAge(drill)));
        }
        return checks;
    }

    private CheckResult readable() {
        try {
            BackupMetrics metrics = file.read();
            return CheckResult.passed(file.path() + ", written " + metrics.written());
        } catch (BackupMetricsFile.UnreadableException e) {
            return CheckResult.failed(String.valueOf(e.getMessage()));
        }
    }

    private CheckResult age(String kind, Duration maxAge) {
        try {
            Optional<Double> time = file.read().value(BackupMetrics.LAST_SUCCESS, kind);
            return age("successful backup of " + kind, time, maxAge);
        } catch (BackupMetricsFile.UnreadableException e) {
            return CheckResult.failed("the age of the last backup of " + kind + " is unknown: " + e.getMessage());
        }
    }

    private CheckResult drillAge(Duration maxAge) {
        try {
            return age("drill that passed", file.read().value(BackupMetrics.DRILL_LAST_SUCCESS), maxAge);
        } catch (BackupMetricsFile.UnreadableException e) {
            return CheckResult.failed("the age of the last drill is unknown: " + e.getMessage());
        }
    }

    private CheckResult age(String what, Optional<Double> time, Duration maxAge) {
        double seconds = time.orElse(0.0);
        if (!(seconds > 0) || seconds > Integer.MAX_VALUE) {
            return CheckResult.failed("no " + what + " is recorded in " + file.path());
        }
        Instant last = Instant.ofEpochSecond((long) seconds);
        Duration age = Duration.between(last, clock.instant());
        if (age.compareTo(CLOCK_TOLERANCE.negated()) < 0) {
            return CheckResult.failed("the last " + what + " is at " + last + ", in the future: a clock is wrong");
        }
        String text = "the last " + what + " is " + text(age) + " old";
        return age.compareTo(maxAge) > 0
                ? CheckResult.failed(text + ", expected at most " + text(maxAge))
                : CheckResult.passed(text);
    }

    /** Returns the two largest units: "3 d 2 h", "1 h 5 min", "20 s". */
    static String text(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds >= 86_400) {
            return seconds / 86_400 + " d " + seconds % 86_400 / 3_600 + " h";
        }
        if (seconds >= 3_600) {
            return seconds / 3_600 + " h " + seconds % 3_600 / 60 + " min";
        }
        return seconds >= 60 ? seconds / 60 + " min " + seconds % 60 + " s" : seconds + " s";
    }
}
