package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.measure.Metric;
import java.time.Duration;
import java.util.Locale;

/** Numbers as text, the same on every machine. */
final class Numbers {
    private Numbers() {}

    /** Returns a value in the unit of its metric, without the unit. */
    static String value(Metric metric, double value) {
        return switch (metric) {
            case ALLOCATED_BYTES -> String.format(Locale.ROOT, "%,.1f", value);
            case FILE_BYTES_RATIO -> ratio(value);
            default -> String.format(Locale.ROOT, value < 10 ? "%,.1f" : "%,.0f", value);
        };
    }

    static String unit(Metric metric) {
        return switch (metric) {
            case OPS -> "records per second";
            case P50_MICROS, P99_MICROS, P999_MICROS, MAX_MICROS, LATE_P50_MICROS, LATE_P99_MICROS -> "µs";
            case NANOS -> "ns per record";
            case ALLOCATED_BYTES -> "bytes per record";
            case WARM_MB, COLD_MB, WARM_FLOOR_MB, COLD_FLOOR_MB -> "MB per second";
            case FILE_BYTES_RATIO -> "bytes in files per byte of records";
            case ROLLS -> "rolls";
        };
    }

    static String ratio(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    /** Returns microseconds as a time of at most three digits. */
    static String time(double micros) {
        if (micros >= 1e6) {
            return String.format(Locale.ROOT, micros < 1e7 ? "%.1f s" : "%.0f s", micros / 1e6);
        }
        if (micros >= 1e3) {
            return String.format(Locale.ROOT, micros < 1e4 ? "%.1f ms" : "%.0f ms", micros / 1e3);
        }
        return String.format(Locale.ROOT, micros < 10 ? "%.1f µs" : "%.0f µs", micros);
    }

    /** Returns a duration for a person who waits. */
    static String roughly(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 90) {
            return seconds + " s";
        }
        long minutes = Math.round(seconds / 60.0);
        return minutes < 120 ? minutes + " minutes" : String.format(Locale.ROOT, "%.1f hours", minutes / 60.0);
    }
}
