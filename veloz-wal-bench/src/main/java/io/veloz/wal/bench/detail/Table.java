package io.veloz.wal.bench.detail;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/** Prints results in rows: a value, its floor in the same run, and their ratio. */
final class Table {
    private static final double[] PERCENTILES = {50, 99, 99.9, 100};

    private final PrintStream out;

    Table(PrintStream out) {
        this.out = out;
    }

    void title(String format, Object... values) {
        out.printf(Locale.ROOT, format + "%n", values);
        out.flush();
    }

    /** Prints a value where less is better, and how many times the floor it is. */
    void row(String what, double value, double floor, String unit) {
        title("  %-44s %,14.2f %-5s floor %,14.2f %-5s ratio %7.2f", what, value, unit, floor, unit, value / floor);
    }

    /** Prints a value that has no floor. */
    void row(String what, double value, String unit) {
        title("  %-44s %,14.2f %-5s", what, value, unit);
    }

    /** Prints percentiles of latencies in microseconds, and the floor's, and their ratios. */
    void latencies(String what, Histogram latencies, Histogram floor) {
        latencies(what, latencies);
        latencies("    floor", floor);
        title(
                "  %-34s p50 %,11.2f    p99 %,11.2f    p99.9 %,11.2f    max %,11.2f",
                "    ratio",
                ratio(latencies, floor, 50),
                ratio(latencies, floor, 99),
                ratio(latencies, floor, 99.9),
                ratio(latencies, floor, 100));
    }

    void latencies(String what, Histogram latencies) {
        Object[] values = new Object[PERCENTILES.length + 1];
        values[0] = what;
        for (int i = 0; i < PERCENTILES.length; i++) {
            values[i + 1] = latencies.getValueAtPercentile(PERCENTILES[i]) / 1e3;
        }
        title("  %-34s p50 %,11.1f us p99 %,11.1f us p99.9 %,11.1f us max %,11.1f us", values);
    }

    static double ratio(Histogram latencies, Histogram floor, double percentile) {
        return (double) latencies.getValueAtPercentile(percentile) / floor.getValueAtPercentile(percentile);
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
