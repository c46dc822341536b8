package io.veloz.wal.demo;

import java.util.Locale;

/** Formats numbers with units. Stateless. */
final class Figures {
    private Figures() {}

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    static String micros(double nanos) {
        return String.format(Locale.ROOT, "%,.0f us", nanos / 1e3);
    }

    static String millis(long nanos) {
        return String.format(Locale.ROOT, nanos < 1e7 ? "%.1f ms" : "%,.0f ms", nanos / 1e6);
    }

    static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
    }

    static String bytes(long number) {
        return String.format(Locale.ROOT, "%,d bytes", number);
    }

    static String rate(double perSecond) {
        return String.format(Locale.ROOT, "%,.0f/s", perSecond);
    }

    static String ratio(double number) {
        return String.format(Locale.ROOT, "%.2f", number);
    }
}
