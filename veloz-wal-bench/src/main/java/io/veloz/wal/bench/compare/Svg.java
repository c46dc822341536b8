package io.veloz.wal.bench.compare;

import java.util.Locale;

/** An SVG document: shapes with classes, and colors for light and dark backgrounds. */
final class Svg {
    /** Where a text is in relation to its x. */
    enum Anchor {
        START,
        MIDDLE,
        END
    }

    private static final double CHARACTER_WIDTH = 6.7;
    private static final String STYLE = """
            text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", Arial, sans-serif; font-size: 12px; fill: #1f2328; }
            .title { font-size: 17px; font-weight: 600; }
            .panel { font-size: 13px; font-weight: 600; }
            .muted { fill: #59636e; }
            .small { font-size: 11px; fill: #59636e; }
            .strong { font-weight: 600; }
            .floor-text { font-size: 11px; fill: #b3261e; }
            .background { fill: #ffffff; }
            .own { fill: #0b62d6; }
            .raw { fill: #9a8f7d; }
            .peer { fill: #b9c2cc; }
            .grid { stroke: #dfe3e8; stroke-width: 1; }
            .line { stroke: #8c959f; stroke-width: 1.5; }
            .own-line { stroke: #0b62d6; stroke-width: 2; }
            .spread { stroke: #3d444d; stroke-width: 1; }
            .floor { stroke: #b3261e; stroke-width: 1.5; stroke-dasharray: 4 3; }
            .halo { stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round; paint-order: stroke; }
            @media (prefers-color-scheme: dark) {
              text { fill: #e6edf3; }
              .muted, .small { fill: #9aa4af; }
              .floor-text { fill: #ff8a80; }
              .background { fill: #0d1117; }
              .own { fill: #58a6ff; }
              .raw { fill: #8a7f6d; }
              .peer { fill: #57606a; }
              .grid { stroke: #2b323b; }
              .line { stroke: #6e7781; }
              .own-line { stroke: #58a6ff; }
              .spread { stroke: #d0d7de; }
              .floor { stroke: #ff8a80; }
              .halo { stroke: #0d1117; }
            }
            """;

    private final StringBuilder body = new StringBuilder();
    private final int width;
    private final String title;
    private final String description;

    Svg(int width, String title, String description) {
        this.width = width;
        this.title = title;
        this.description = description;
    }

    static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                default -> escaped.appendCodePoint(c >= ' ' ? c : ' ');
            }
        });
        return escaped.toString();
    }

    /** Returns about how wide a text of 12 pixels is. */
    static double widthOf(String text) {
        return text.length() * CHARACTER_WIDTH;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    Svg text(double x, double y, Anchor anchor, String classes, String content) {
        body.append("<text x=\"")
                .append(number(x))
                .append("\" y=\"")
                .append(number(y))
                .append("\" text-anchor=\"")
                .append(anchor.name().toLowerCase(Locale.ROOT))
                .append("\" class=\"")
                .append(classes)
                .append("\">")
                .append(escape(content))
                .append("</text>\n");
        return this;
    }

    /** Appends a rectangle; the tooltip is shown to those who point at it, and read to those who cannot see it. */
    Svg bar(double x, double y, double barWidth, double height, String classes, String tooltip) {
        body.append(String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\" class=\"%s\"><title>%s</title></rect>\n",
                x,
                y,
                barWidth,
                height,
                classes,
                escape(tooltip)));
        return this;
    }

    Svg line(double x1, double y1, double x2, double y2, String classes) {
        body.append(String.format(
                Locale.ROOT,
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n",
                x1,
                y1,
                x2,
                y2,
                classes));
        return this;
    }

    Svg circle(double x, double y, double radius, String classes, String tooltip) {
        body.append(String.format(
                Locale.ROOT,
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" class=\"%s\"><title>%s</title></circle>\n",
                x,
                y,
                radius,
                classes,
                escape(tooltip)));
        return this;
    }

    /** Appends a square that stands on a corner. */
    Svg diamond(double x, double y, double radius, String classes, String tooltip) {
        body.append(String.format(
                Locale.ROOT,
                "<path d=\"M%.1f %.1f L%.1f %.1f L%.1f %.1f L%.1f %.1f Z\" class=\"%s\"><title>%s</title></path>\n",
                x - radius,
                y,
                x,
                y - radius,
                x + radius,
                y,
                x,
                y + radius,
                classes,
                escape(tooltip)));
        return this;
    }

    /** Returns the document. */
    String finish(double height) {
        return String.format(
                        Locale.ROOT,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d %.0f\" role=\"img\""
                                + " aria-labelledby=\"title description\">\n",
                        width,
                        height,
                        width,
                        height)
                + "<title id=\"title\">" + escape(title) + "</title>\n"
                + "<desc id=\"description\">" + escape(description) + "</desc>\n"
                + "<style>\n" + STYLE + "</style>\n"
                + String.format(
                        Locale.ROOT,
                        "<rect x=\"0\" y=\"0\" width=\"%d\" height=\"%.0f\" rx=\"6\" class=\"background\"/>\n",
                        width,
                        height)
                + body + "</svg>\n";
    }
}
