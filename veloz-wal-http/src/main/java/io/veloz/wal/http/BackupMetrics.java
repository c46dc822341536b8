package io.veloz.wal.http;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The metrics that backup jobs have written to their file. Immutable.
 *
 * @param samples in the order of the file, without duplicates
 * @param written when the file was written
 */
record BackupMetrics(List<Sample> samples, Instant written) {
    static final List<String> KINDS = List.of("configuration", "secrets", "database", "roles", "vault");

    static final String PREFIX = "veloz_backup_";
    static final String LAST_SUCCESS = PREFIX + "last_success_timestamp_seconds";
    static final String LAST_ATTEMPT = PREFIX + "last_attempt_timestamp_seconds";
    static final String BYTES = PREFIX + "bytes";
    static final String DURATION = PREFIX + "duration_seconds";
    static final String FAILURES = PREFIX + "failures_total";
    static final String POINTS = PREFIX + "points";
    static final String POINT_AGE = PREFIX + "point_age_seconds";
    static final String KEY_EXPIRY = PREFIX + "key_expiry_timestamp_seconds";
    static final String DRILL_LAST_SUCCESS = PREFIX + "drill_last_success_timestamp_seconds";

    /** A metric that this version knows. */
    record Known(String type, Set<String> labels, String help) {}

    static final Map<String, Known> KNOWN = known();

    private static Map<String, Known> known() {
        Set<String> kind = Set.of("kind");
        Map<String, Known> known = new LinkedHashMap<>();
        known.put(LAST_SUCCESS, new Known("gauge", kind, "time of the last successful backup"));
        known.put(LAST_ATTEMPT, new Known("gauge", kind, "time of the last attempt of a backup"));
        known.put(BYTES, new Known("gauge", kind, "size of the last successful backup"));
        known.put(DURATION, new Known("gauge", kind, "duration of the last successful backup"));
        known.put(FAILURES, new Known("counter", Set.of("kind", "reason"), "backups that failed"));
        known.put(POINTS, new Known("gauge", Set.of(), "recovery points in the archive"));
        known.put(POINT_AGE, new Known("gauge", Set.of(), "age of the newest recovery point"));
        known.put(KEY_EXPIRY, new Known("gauge", kind, "earliest time at which a key of the backup expires"));
        known.put(DRILL_LAST_SUCCESS, new Known("gauge", Set.of(), "time of the last drill that passed"));
        return known;
    }

    /** One value of a metric. The labels keep the order of the file. */
    record Sample(String name, Map<String, String> labels, double value) {}

    BackupMetrics {
        samples = List.copyOf(samples);
    }

    Optional<Double> value(String name) {
        return value(name, Map.of());
    }

    Optional<Double> value(String name, String kind) {
        return value(name, Map.of("kind", kind));
    }

    private Optional<Double> value(String name, Map<String, String> labels) {
        return samples.stream()
                .filter(sample -> sample.name().equals(name) && sample.labels().equals(labels))
                .map(Sample::value)
                .findFirst();
    }

    /** Returns the age of the newest recovery point. The file has its age when the file was written. */
    Optional<Double> pointAgeSeconds(Instant now) {
        return value(POINT_AGE).map(age -> age + ageOfFile(now));
    }

    private double ageOfFile(Instant now) {
        return Math.max(0, Duration.between(written, now).toMillis() / 1e3);
    }

    void write(MetricsText out, Instant now) {
        for (String name : samples.stream().map(Sample::name).distinct().toList()) {
            Known known = KNOWN.getOrDefault(name, new Known("untyped", Set.of(), "written by a backup job"));
            out.metric(name, known.type(), known.help());
            double correction = name.equals(POINT_AGE) ? ageOfFile(now) : 0;
            samples.stream()
                    .filter(sample -> sample.name().equals(name))
                    .forEach(sample -> out.sample(name, sample.labels(), sample.value() + correction));
        }
    }
}
