package io.veloz.wal.backup.internal.drill;

import io.veloz.wal.backup.DrillReceipt;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/** A drill's receipt as one HTML page, without script and without other files. Stateless. */
public final class DrillHtml {
    private static final int BAR_HEIGHT = 22;
    private static final int LABEL_WIDTH = 320;
    private static final int CHART_WIDTH = 420;

    private DrillHtml() {}

    public static String write(DrillReceipt receipt) {
        StringBuilder page = new StringBuilder();
        page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<title>Recovery drill ")
                .append(text(receipt.begun().toString()))
                .append(": ")
                .append(receipt.result())
                .append("</title>\n<style>\n")
                .append("body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}\n")
                .append("table{border-collapse:collapse;width:100%}\n")
                .append("td,th{border-bottom:1px solid #ccc;padding:.4em;text-align:left;vertical-align:top}\n")
                .append(".PASSED{color:#176b2c;font-weight:bold}.FAILED{color:#b00020;font-weight:bold}")
                .append(".INCONCLUSIVE{color:#8a5a00;font-weight:bold}\n")
                .append("</style>\n</head>\n<body>\n");
        page.append("<h1>Recovery drill: <span class=\"")
                .append(receipt.result())
                .append("\">")
                .append(receipt.result())
                .append("</span></h1>\n");
        facts(page, receipt);
        checks(page, receipt);
        chart(page, receipt);
        page.append("</body>\n</html>\n");
        return page.toString();
    }

    private static void facts(StringBuilder page, DrillReceipt receipt) {
        page.append("<table>\n");
        row(page, "Begun", receipt.begun().toString());
        row(
                page,
                "Recovery point",
                receipt.point()
                        + receipt.pointMade().map(time -> ", made " + time).orElse(""));
        row(
                page,
                "Last record",
                receipt.lastSequence()
                        + receipt.lastRecord().map(time -> ", written " + time).orElse(""));
        row(
                page,
                "Measured RPO (age of the last record)",
                receipt.recoveryPointAge().map(DrillHtml::seconds).orElse("-"));
        row(page, "Measured RTO (all steps)", seconds(receipt.recoveryTime()));
        row(page, "Host and user", receipt.host() + ", " + receipt.user());
        for (Map.Entry<String, String> version : receipt.versions().entrySet()) {
            row(page, "Version of " + version.getKey(), version.getValue());
        }
        page.append("</table>\n");
    }

    private static void row(StringBuilder page, String name, String value) {
        page.append("<tr><th>")
                .append(text(name))
                .append("</th><td>")
                .append(text(value))
                .append("</td></tr>\n");
    }

    private static void checks(StringBuilder page, DrillReceipt receipt) {
        page.append("<h2>Checklist</h2>\n<table>\n<tr><th>Check</th><th>Result</th><th>Detail</th></tr>\n");
        for (DrillReceipt.Check check : receipt.checks()) {
            page.append("<tr><td>")
                    .append(text(check.name()))
                    .append("</td><td class=\"")
                    .append(check.result())
                    .append("\">")
                    .append(check.result())
                    .append("</td><td>")
                    .append(text(check.detail()))
                    .append("</td></tr>\n");
        }
        page.append("</table>\n");
    }

    private static void chart(StringBuilder page, DrillReceipt receipt) {
        Map<String, Duration> took = receipt.took();
        double longest =
                took.values().stream().mapToLong(Duration::toMillis).max().orElse(0);
        int height = took.size() * BAR_HEIGHT + 10;
        page.append("<h2>RTO by step</h2>\n<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"")
                .append(LABEL_WIDTH + CHART_WIDTH + 100)
                .append("\" height=\"")
                .append(height)
                .append("\">\n");
        int y = 5;
        for (Map.Entry<String, Duration> step : took.entrySet()) {
            long width = longest == 0
                    ? 1
                    : Math.max(1, Math.round(CHART_WIDTH * step.getValue().toMillis() / longest));
            page.append(String.format(
                    Locale.ROOT,
                    "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" font-size=\"12\">%s</text>"
                            + "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"14\" fill=\"#3b6ea5\"/>"
                            + "<text x=\"%d\" y=\"%d\" font-size=\"12\">%s</text>\n",
                    LABEL_WIDTH - 8,
                    y + 12,
                    text(step.getKey()),
                    LABEL_WIDTH,
                    y,
                    width,
                    LABEL_WIDTH + width + 6,
                    y + 12,
                    seconds(step.getValue())));
            y += BAR_HEIGHT;
        }
        page.append("</svg>\n");
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.3f s", duration.toMillis() / 1000.0);
    }

    private static String text(String value) {
        return value.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
