package io.veloz.wal.backup.internal.metrics;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The metrics of backups in the text format of Prometheus (exposition format 0.0.4), as one file for the textfile collector of
 * its node exporter. It belongs to one thread.
 *
 * <p>{@link #parse} accepts what {@link #text} writes and nothing else: the file is read back to keep the values of kinds that
 * a run does not concern.
 */
public final class BackupMetrics {
    /** Failures with further reasons count as {@code other}, so the number of series is bounded. */
    private static final int MAX_REASONS = 64;

    private static final Pattern SAMPLE = Pattern.compile("([a-z_]+)(?:\\{([a-z_=\",]*)})? ([0-9]{1,15}(?:\\.[0-9]{3})?)");
    private static final Pattern REASON = Pattern.compile("[a-z][a-z_]{0,63}");

    private final Map<Metric, Map<String, String>> values = new TreeMap<>();

    /** The metrics, in the order in which they are written. */
    public enum Metric {
        LAST_SUCCESS("veloz_backup_last_success_timestamp_seconds", "gauge", Labels.KIND,
                "When the kind was last backed up, or read and found unchanged."),
        LAST_ATTEMPT("veloz_backup_last_attempt_timestamp_seconds", "gauge", Labels.KIND,
                "When a backup of the kind last ended, successfully or not."),
        BYTES("veloz_backup_bytes", "gauge", Labels.KIND,
                "Stored size of the kind in the newest recovery point."),
        DURATION("veloz_backup_duration_seconds", "gauge", Labels.KIND,
                "Duration of the last successful run that included the kind."),
        FAILURES("veloz_backup_failures_total", "counter", Labels.KIND_REASON,
                "Failed backups of the kind, by reason."),
        POINTS("veloz_backup_points", "gauge", Labels.NONE,
                "Number of recovery points in the archive, including those that retention has dropped."),
        POINT_TIMESTAMP("veloz_backup_point_timestamp_seconds", "gauge", Labels.NONE,
                "When the newest recovery point was made."),
        POINT_AGE("veloz_backup_point_age_seconds", "gauge", Labels.NONE,
                "Age of the newest recovery point when this file was written."),
        KEY_EXPIRY("veloz_backup_key_expiry_timestamp_seconds", "gauge", Labels.NONE,
                "When the first certificate of a recipient expires. Absent if none does."),
        DRILL("veloz_backup_drill_last_success_timestamp_seconds", "gauge", Labels.NONE,
                "When a drill last passed.");

        private final String label;
        private final String type;
        private final Labels labels;
        private final String help;

        Metric(String label, String type, Labels labels, String help) {
            this.label = label;
            this.type = type;
            this.labels = labels;
            this.help = help;
        }

        public String label() {
            return label;
        }
    }

    private enum Labels {
        NONE(""),
        KIND("kind=\"[a-z]+\""),
        KIND_REASON("kind=\"[a-z]+\",reason=\"[a-z_]+\"");

        private final Pattern pattern;

        Labels(String pattern) {
            this.pattern = Pattern.compile(pattern);
        }
    }

    // ---- values

    /** Sets a value without labels, in thousandths. */
    public void set(Metric metric, long thousandths) {
        put(metric, "", thousandths);
    }

    /** Sets the value of a kind, in thousandths. */
    public void set(Metric metric, String kind, long thousandths) {
        put(metric, kindLabel(kind), thousandths);
    }

    public void remove(Metric metric) {
        values.remove(metric);
    }

    /**
     * Counts a failure.
     *
     * @param reason lower-case letters and underscores, up to 64
     */
    public void countFailure(String kind, String reason) {
        if (!REASON.matcher(reason).matches()) {
            throw new IllegalArgumentException(
                    "reason \"" + reason + "\": expected up to 64 lower-case letters and underscores");
        }
        Map<String, String> failures = values.computeIfAbsent(Metric.FAILURES, metric -> new TreeMap<>());
        String labels = kindLabel(kind) + ",reason=\"" + reason + "\"";
        if (!failures.containsKey(labels) && failures.size() >= MAX_REASONS) {
            labels = kindLabel(kind) + ",reason=\"other\"";
        }
        failures.merge(labels, "1", (count, one) -> String.valueOf(Long.parseLong(count) + 1));
    }

    /** Returns a value in thousandths; -1 if it is not set. */
    public long get(Metric metric) {
        String value = values.getOrDefault(metric, Map.of()).get("");
        return value == null ? -1 : thousandths(value);
    }

    private static String kindLabel(String kind) {
        return "kind=\"" + kind + "\"";
    }

    private void put(Metric metric, String labels, long thousandths) {
        String value = thousandths % 1000 == 0
                ? String.valueOf(thousandths / 1000)
                : String.format(Locale.ROOT, "%d.%03d", thousandths / 1000, thousandths % 1000);
        values.computeIfAbsent(metric, any -> new TreeMap<>()).put(labels, value);
    }

    private static long thousandths(String value) {
        int point = value.indexOf('.');
        return point < 0
                ? Long.parseLong(value) * 1000
                : Long.parseLong(value.substring(0, point)) * 1000 + Long.parseLong(value.substring(point + 1));
    }

    // ---- text

    public String text() {
        StringBuilder text = new StringBuilder();
        values.forEach((metric, samples) -> {
            text.append(head(metric));
            samples.forEach((labels, value) -> text.append(metric.label)
                    .append(labels.isEmpty() ? "" : "{" + labels + "}")
                    .append(' ')
                    .append(value)
                    .append('\n'));
        });
        return text.toString();
    }

    private static String head(Metric metric) {
        return "# HELP " + metric.label + " " + metric.help + "\n# TYPE " + metric.label + " " + metric.type + "\n";
    }

    /**
     * Reads what {@link #text} wrote.
     *
     * @throws IllegalArgumentException if it is anything else, also in a single character
     */
    public static BackupMetrics parse(String text) {
        BackupMetrics metrics = new BackupMetrics();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            if (!line.startsWith("# ")) {
                metrics.parseSample(line, number);
            }
        }
        if (!metrics.text().equals(text)) {
            throw new IllegalArgumentException("has comments, an order or duplicates that this tool does not write");
        }
        return metrics;
    }

    private void parseSample(String line, int number) {
        Matcher sample = SAMPLE.matcher(line);
        if (sample.matches()) {
            String labels = sample.group(2) == null ? "" : sample.group(2);
            for (Metric metric : Metric.values()) {
                if (metric.label.equals(sample.group(1)) && metric.labels.pattern.matcher(labels).matches()) {
                    requireCount(metric, sample.group(3));
                    values.computeIfAbsent(metric, any -> new TreeMap<>()).put(labels, sample.group(3));
                    return;
                }
            }
        }
        throw new IllegalArgumentException("line " + number + " is not a sample of this tool");
    }

    private static void requireCount(Metric metric, String value) {
        if (metric == Metric.FAILURES && value.contains(".")) {
            throw new IllegalArgumentException(metric.label + " is " + value + "; expected a whole number");
        }
    }
}
