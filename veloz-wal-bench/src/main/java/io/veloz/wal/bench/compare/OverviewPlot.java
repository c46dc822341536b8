package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.compare.Svg.Anchor;
import io.veloz.wal.bench.measure.Metric;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A line for each workload, with a mark for each log at its ratio to the floor, on a logarithmic axis. */
final class OverviewPlot {
    private static final int WIDTH = 860;
    private static final int MARGIN = 20;
    private static final int NAME_WIDTH = 326;
    private static final int VALUE_WIDTH = 60;
    private static final int HEAD = 104;
    private static final int ROW = 24;

    private final Results results;
    private final Svg svg;

    private OverviewPlot(Results results, Svg svg) {
        this.results = results;
        this.svg = svg;
    }

    static String of(Results results) {
        String title = "Every workload, in relation to the floor";
        String description =
                "Ratio to the fastest hand-made log, logarithmic; further right is better. Records per second; p99 at a"
                        + " fixed rate; MB per second of a replay.";
        Svg svg = new Svg(WIDTH, title, description);
        svg.text(MARGIN, 30, Anchor.START, "title", title);
        svg.text(MARGIN, 50, Anchor.START, "small", description);
        return svg.finish(new OverviewPlot(results, svg).draw());
    }

    private double draw() {
        Map<String, Map<String, Double>> ratios = new LinkedHashMap<>();
        for (String workload : results.workloads()) {
            Map<String, Double> byLog = new LinkedHashMap<>();
            for (String log : results.logs()) {
                ratio(workload, log).ifPresent(ratio -> byLog.put(log, ratio));
            }
            if (!byLog.isEmpty()) {
                ratios.put(workload, byLog);
            }
        }
        List<Double> all = ratios.values().stream()
                .flatMap(byLog -> byLog.values().stream())
                .toList();
        double least = all.stream().mapToDouble(Double::doubleValue).min().orElse(1);
        double most = all.stream().mapToDouble(Double::doubleValue).max().orElse(1);
        LogScale scale = LogScale.over(
                Math.max(1e-4, Math.min(least, 0.5)),
                Math.max(most, 2),
                MARGIN + NAME_WIDTH,
                WIDTH - 2.0 * MARGIN - NAME_WIDTH - VALUE_WIDTH);
        legend();
        double end = HEAD + ratios.size() * ROW;
        axis(scale, end);
        double y = HEAD;
        for (Map.Entry<String, Map<String, Double>> workload : ratios.entrySet()) {
            row(workload.getKey(), workload.getValue(), scale, y + ROW / 2.0);
            y += ROW;
        }
        return end + 32;
    }

    /** Returns the ratio of a log to the floor, more than 1 if it is better. */
    private Optional<Double> ratio(String workload, String log) {
        Metric metric = Group.of(workload).primary();
        return results.median(workload, log, metric)
                .flatMap(value -> results.floor(workload, metric)
                        .map(floor -> Group.higherIsBetter(metric) ? value / floor : floor / value))
                .filter(ratio -> ratio > 0 && Double.isFinite(ratio));
    }

    private void legend() {
        double x = MARGIN + NAME_WIDTH + 4;
        for (String[] entry : new String[][] {{"own", ComparedLog.OWN}, {"raw", "hand-made"}, {"peer", "peer"}}) {
            mark(entry[0], x, 70, entry[1]);
            svg.text(x + 12, 74, Anchor.START, "small", entry[1]);
            x += Svg.widthOf(entry[1]) + 36;
        }
    }

    private void axis(LogScale scale, double end) {
        for (double decade : scale.decades()) {
            svg.line(scale.at(decade), HEAD - 4, scale.at(decade), end, "grid");
            String label = decade >= 1 ? Numbers.ratio(decade).replace(".00", "") : Double.toString(decade);
            svg.text(scale.at(decade), end + 16, Anchor.MIDDLE, "small", label);
        }
        svg.line(scale.at(1), HEAD - 4, scale.at(1), end, "floor");
        svg.text(scale.at(1), HEAD - 10, Anchor.MIDDLE, "floor-text", "floor");
        svg.text(WIDTH - MARGIN, HEAD - 10, Anchor.END, "small", ComparedLog.OWN);
    }

    private void mark(String color, double x, double y, String tooltip) {
        if (color.equals("own")) {
            svg.circle(x, y, 6, color, tooltip);
        } else if (color.equals("raw")) {
            svg.diamond(x, y, 5.5, color, tooltip);
        } else {
            svg.circle(x, y, 4, color, tooltip);
        }
    }

    private void row(String workload, Map<String, Double> byLog, LogScale scale, double y) {
        svg.text(MARGIN + NAME_WIDTH - 14, y + 4, Anchor.END, "muted", Group.description(workload));
        svg.line(scale.x(), y, scale.x() + scale.width(), y, "grid");
        for (String color : List.of("peer", "raw", "own")) {
            byLog.forEach((log, ratio) -> {
                if (Plots.color(log).equals(color)) {
                    mark(color, scale.at(ratio), y, log + ": " + Numbers.ratio(ratio) + " of the floor");
                }
            });
        }
        Double own = byLog.get(ComparedLog.OWN);
        svg.text(WIDTH - MARGIN, y + 4, Anchor.END, "strong", own == null ? "–" : Numbers.ratio(own));
    }
}
