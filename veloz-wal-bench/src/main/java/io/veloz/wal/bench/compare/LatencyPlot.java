package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.compare.Svg.Anchor;
import io.veloz.wal.bench.measure.Metric;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/** A panel for each rate, with a line for each log from its median to its maximum, on a logarithmic axis. */
final class LatencyPlot {
    private static final int WIDTH = 860;
    private static final int MARGIN = 20;
    private static final int NAME_WIDTH = 116;
    private static final int HEAD = 92;
    private static final int PANEL_HEAD = 40;
    private static final int ROW = 20;
    private static final int VALUE_WIDTH = 74;
    private static final List<Metric> PERCENTILES =
            List.of(Metric.P50_MICROS, Metric.P99_MICROS, Metric.P999_MICROS, Metric.MAX_MICROS);

    private final Results results;
    private final Svg svg;
    private final LogScale scale;

    private LatencyPlot(Results results, Svg svg, LogScale scale) {
        this.results = results;
        this.svg = svg;
        this.scale = scale;
    }

    static String of(Results results, List<String> workloads) {
        String title = Group.RATE.title();
        String description = "From due to durable, in an open loop, logarithmic; median of " + results.rounds()
                + (results.rounds() == 1 ? " round" : " rounds") + "; further left is better, ordered by p99.";
        double[] values = workloads.stream()
                .flatMapToDouble(workload -> results.logs().stream()
                        .flatMapToDouble(log -> PERCENTILES.stream()
                                .flatMap(metric -> results.median(workload, log, metric).stream())
                                .mapToDouble(Double::doubleValue)))
                .filter(value -> value > 0)
                .toArray();
        double least = DoubleStream.of(values).min().orElse(1);
        double most = DoubleStream.of(values).max().orElse(10);
        LogScale scale =
                LogScale.over(least, most, MARGIN + NAME_WIDTH, WIDTH - 2.0 * MARGIN - NAME_WIDTH - VALUE_WIDTH);
        Svg svg = new Svg(WIDTH, title, description + " Dashed line: p99 of the floor, the best hand-made log.");
        svg.text(MARGIN, 30, Anchor.START, "title", title);
        svg.text(MARGIN, 50, Anchor.START, "small", description);
        LatencyPlot plot = new LatencyPlot(results, svg, scale);
        plot.legend(MARGIN + NAME_WIDTH, 72);
        double y = HEAD;
        for (String workload : workloads) {
            y += plot.panel(workload, y);
        }
        return svg.finish(y);
    }

    private void legend(double x, double y) {
        double at = x + 4;
        for (Metric metric : PERCENTILES) {
            mark(metric, at, y - 4, "peer", label(metric));
            svg.text(at + 12, y, Anchor.START, "small", label(metric));
            at += Svg.widthOf(label(metric)) + 40;
        }
        svg.text(WIDTH - MARGIN, y, Anchor.END, "small", "p99");
    }

    private static String label(Metric metric) {
        return switch (metric) {
            case P50_MICROS -> "p50";
            case P99_MICROS -> "p99";
            case P999_MICROS -> "p99.9";
            default -> "maximum";
        };
    }

    private void mark(Metric metric, double x, double y, String color, String tooltip) {
        switch (metric) {
            case P50_MICROS -> svg.circle(x, y, 3.5, color, tooltip);
            case P99_MICROS -> svg.diamond(x, y, 6, color, tooltip);
            case P999_MICROS -> svg.bar(x - 3.5, y - 3.5, 7, 7, color, tooltip);
            default -> svg.bar(x - 1.5, y - 6, 3, 12, color, tooltip);
        }
    }

    private double panel(String workload, double y) {
        svg.text(MARGIN, y + 14, Anchor.START, "panel", Group.description(workload));
        List<String> ranked = results.ranked(workload, Metric.P99_MICROS);
        List<String> failed = results.logs().stream()
                .filter(log -> !ranked.contains(log) && results.hasFailed(workload, log))
                .toList();
        double top = y + PANEL_HEAD;
        double end = top + (ranked.size() + failed.size()) * ROW;
        for (double decade : scale.decades()) {
            svg.line(scale.at(decade), top - 8, scale.at(decade), end, "grid");
            svg.text(
                    scale.at(decade),
                    end + 14,
                    Anchor.MIDDLE,
                    "small",
                    Numbers.time(decade).replace(".0", ""));
        }
        Optional<Double> floor = results.floor(workload, Metric.P99_MICROS);
        floor.ifPresent(value -> {
            svg.line(scale.at(value), top - 8, scale.at(value), end, "floor");
            svg.text(scale.at(value), top - 12, Anchor.MIDDLE, "floor-text", "floor, p99 " + Numbers.time(value));
        });
        double rowY = top;
        for (String log : ranked) {
            row(workload, log, rowY + ROW / 2.0);
            rowY += ROW;
        }
        for (String log : failed) {
            svg.text(MARGIN + NAME_WIDTH - 10, rowY + ROW / 2.0 + 4, Anchor.END, Plots.nameClass(log), log);
            svg.text(MARGIN + NAME_WIDTH + 4, rowY + ROW / 2.0 + 4, Anchor.START, "muted halo", "failed");
            rowY += ROW;
        }
        return end - y + 34;
    }

    private void row(String workload, String log, double y) {
        svg.text(MARGIN + NAME_WIDTH - 10, y + 4, Anchor.END, Plots.nameClass(log), log);
        double from = scale.at(median(workload, log, Metric.P50_MICROS));
        double to = scale.at(median(workload, log, Metric.MAX_MICROS));
        svg.line(from, y, to, y, log.equals(ComparedLog.OWN) ? "own-line" : "line");
        for (Metric metric : PERCENTILES) {
            double value = median(workload, log, metric);
            mark(metric, scale.at(value), y, Plots.color(log), log + ", " + label(metric) + ": " + Numbers.time(value));
        }
        svg.text(
                WIDTH - MARGIN,
                y + 4,
                Anchor.END,
                Plots.nameClass(log),
                Numbers.time(median(workload, log, Metric.P99_MICROS)));
    }

    private double median(String workload, String log, Metric metric) {
        return Math.max(1e-3, results.median(workload, log, metric).orElseThrow());
    }
}
