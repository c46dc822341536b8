package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.measure.Metric;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All plots of a run, by file name. */
final class Plots {
    private Plots() {}

    static Map<String, String> all(Results results) {
        Map<String, String> plots = new LinkedHashMap<>();
        if (!results.workloads().isEmpty()) {
            plots.put("overview.svg", OverviewPlot.of(results));
        }
        for (Group group : Group.values()) {
            List<String> workloads = group.workloads(results.workloads());
            if (workloads.isEmpty()) {
                continue;
            }
            if (group == Group.RATE) {
                plots.put("rate.svg", LatencyPlot.of(results, workloads));
            } else {
                plots.put(
                        group.id() + ".svg",
                        BarPlot.of(
                                results,
                                group.title(),
                                group == Group.REPLAY
                                        ? "one thread reads and checksums the files"
                                        : "the fastest hand-made log",
                                bars(workloads, group == Group.REPLAY, results)));
            }
        }
        return plots;
    }

    private static List<BarPlot.Panel> bars(List<String> workloads, boolean replay, Results results) {
        if (!replay) {
            return workloads.stream()
                    .map(workload ->
                            new BarPlot.Panel(workload, Group.of(workload).primary(), Group.description(workload)))
                    .toList();
        }
        return workloads.stream()
                .flatMap(workload -> List.of(
                        new BarPlot.Panel(workload, Metric.WARM_MB, "files in the page cache"),
                        new BarPlot.Panel(workload, Metric.COLD_MB, "files not in the page cache"))
                        .stream())
                .filter(panel ->
                        !results.ranked(panel.workload(), panel.metric()).isEmpty())
                .toList();
    }

    /** Draws the meaning of the colors, and returns where it ends. */
    static double legend(Svg svg, double x, double y) {
        double at = x;
        for (Map.Entry<String, String> entry :
                List.of(Map.entry("own", ComparedLog.OWN), Map.entry("raw", "hand-made"), Map.entry("peer", "peer"))) {
            svg.bar(at, y - 9, 10, 10, entry.getKey(), entry.getValue());
            svg.text(at + 15, y, Svg.Anchor.START, "small", entry.getValue());
            at += Svg.widthOf(entry.getValue()) + 32;
        }
        return at;
    }

    /** Returns the class of a log's color. */
    static String color(String log) {
        if (ComparedLog.isOwn(log)) {
            return "own";
        }
        return ComparedLog.isHandMade(log) ? "raw" : "peer";
    }

    static String nameClass(String log) {
        return log.equals(ComparedLog.OWN) ? "strong" : "muted";
    }
}
