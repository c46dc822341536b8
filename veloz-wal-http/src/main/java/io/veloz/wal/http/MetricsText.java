package io.veloz.wal.http;

import java.util.Map;

/** Writes metrics in the text format of Prometheus, version 0.0.4. Not thread-safe. */
final class MetricsText {
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final StringBuilder out = new StringBuilder();

    /** Begins a metric. Its samples follow. */
    MetricsText metric(String name, String type, String help) {
        out.append("# HELP ").append(name).append(' ').append(help).append('\n');
        out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
        return this;
    }

    MetricsText sample(String name, double value) {
        return sample(name, Map.of(), value);
    }

    MetricsText sample(String name, Map<String, String> labels, double value) {
        out.append(name);
        char before = '{';
        for (Map.Entry<String, String> label : labels.entrySet()) {
            out.append(before).append(label.getKey()).append("=\"").append(escaped(label.getValue()));
            out.append('"');
            before = ',';
        }
        out.append(labels.isEmpty() ? " " : "} ").append(number(value)).append('\n');
        return this;
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    /** Writes counts without an exponent, for readers of the text. */
    private static String number(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            return Long.toString((long) value);
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        return Double.toString(value);
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
