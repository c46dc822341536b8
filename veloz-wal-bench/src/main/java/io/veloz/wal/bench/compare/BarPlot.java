package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.compare.Svg.Anchor;
import io.veloz.wal.bench.measure.Metric;
import java.util.List;

/** A panel of bars for each workload: the fastest log first, and the floor as a line. */
final class BarPlot {
    private static final int WIDTH = 860;
    private static final int MARGIN = 20;
    private static final int COLUMNS = 2;
    private static final int HEAD = 86;
    private static final int PANEL_HEAD = 40;
    private static final int ROW = 20;
    private static final int BAR = 13;
    private static final int NAME_WIDTH = 106;
    private static final int VALUE_WIDTH = 76;
    private static final int GAP = 28;

    /** One workload and metric. */
    record Panel(String workload, Metric metric, String title) {}

    private final Results results;
    private final Svg svg;

    private BarPlot(Results results, Svg svg) {
        this.results = results;
        this.svg = svg;
    }

    static String of(Results results, String title, String floor, List<Panel> panels) {
        String unit = panels.isEmpty() ? "" : Numbers.unit(panels.get(0).metric());
        String description =
                "Bars: " + unit + ", median of " + results.rounds() + (results.rounds() == 1 ? " round" : " rounds")
                        + "; more is better. Thin line: least to greatest round.";
        Svg svg = new Svg(WIDTH, title, description + " Dashed line: the floor, " + floor + ".");
        svg.text(MARGIN, 30, Anchor.START, "title", title);
        svg.text(MARGIN, 50, Anchor.START, "small", description);
        double x = Plots.legend(svg, MARGIN, 70);
        svg.line(x, 66, x + 22, 66, "floor");
        svg.text(x + 28, 70, Anchor.START, "small", "floor: " + floor);
        return svg.finish(new BarPlot(results, svg).draw(panels));
    }

    private double draw(List<Panel> panels) {
        double panelWidth = (WIDTH - 2.0 * MARGIN - GAP) / COLUMNS;
        double y = HEAD;
        double rowHeight = 0;
        for (int i = 0; i < panels.size(); i++) {
            int column = i % COLUMNS;
            if (column == 0) {
                y += rowHeight;
                rowHeight = 0;
            }
            double height = panel(panels.get(i), MARGIN + column * (panelWidth + GAP), y, panelWidth);
            rowHeight = Math.max(rowHeight, height);
        }
        return y + rowHeight + 8;
    }

    private double panel(Panel panel, double x, double y, double width) {
        svg.text(x, y + 14, Anchor.START, "panel", panel.title());
        List<String> ranked = results.ranked(panel.workload(), panel.metric());
        List<String> failed = results.logs().stream()
                .filter(log -> !ranked.contains(log) && results.hasFailed(panel.workload(), log))
                .toList();
        double barX = x + NAME_WIDTH;
        double barWidth = width - NAME_WIDTH - VALUE_WIDTH;
        double floor = results.floor(panel.workload(), panel.metric()).orElse(0.0);
        double most =
                ranked.stream().mapToDouble(log -> spread(panel, log).max()).reduce(floor, Math::max);
        double scale = most > 0 ? barWidth / most : 0;
        double rowY = y + PANEL_HEAD;
        for (String log : ranked) {
            bar(panel, log, x, x + width, rowY, scale);
            rowY += ROW;
        }
        for (String log : failed) {
            svg.text(barX - 8, rowY + BAR - 2, Anchor.END, Plots.nameClass(log), log);
            svg.text(barX + 4, rowY + BAR - 2, Anchor.START, "muted", "failed");
            rowY += ROW;
        }
        if (floor > 0) {
            floor(panel, floor, barX + floor * scale, barX, y, rowY);
        }
        return rowY - y + 22;
    }

    private Results.Spread spread(Panel panel, String log) {
        return results.spread(panel.workload(), log, panel.metric()).orElseThrow();
    }

    private void bar(Panel panel, String log, double x, double right, double y, double scale) {
        Results.Spread spread = spread(panel, log);
        double barX = x + NAME_WIDTH;
        double end = barX + spread.median() * scale;
        String value = Numbers.value(panel.metric(), spread.median());
        svg.text(barX - 8, y + BAR - 2, Anchor.END, Plots.nameClass(log), log);
        svg.bar(
                barX,
                y,
                Math.max(1, end - barX),
                BAR,
                Plots.color(log),
                log + ": " + value + " " + Numbers.unit(panel.metric()));
        if (spread.max() > spread.min()) {
            svg.line(barX + spread.min() * scale, y + BAR / 2.0, barX + spread.max() * scale, y + BAR / 2.0, "spread");
        }
        svg.text(right, y + BAR - 2, Anchor.END, Plots.nameClass(log), value);
    }

    private void floor(Panel panel, double floor, double x, double barX, double y, double end) {
        svg.line(x, y + PANEL_HEAD - 6, x, end - (ROW - BAR) + 4, "floor");
        String label = "floor " + Numbers.value(panel.metric(), floor);
        double half = Svg.widthOf(label) / 2;
        svg.text(Math.max(x, barX + half), y + PANEL_HEAD - 10, Anchor.MIDDLE, "floor-text", label);
    }
}
