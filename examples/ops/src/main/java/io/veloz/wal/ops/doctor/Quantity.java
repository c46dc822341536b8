package io.veloz.wal.ops.doctor;

import java.util.Locale;

/** Formats latencies, sizes and rates in ASCII. Stateless. */
public final class Quantity {
    private static final String[] TIMES = {"ns", "us", "ms", "s"};
    private static final String[] SIZES = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};

    private Quantity() {}

    /** Returns a latency, such as {@code 8.1 us} or {@code 131 us}. */
    public static String nanos(long nanos) {
        return scaled(nanos, 1000, TIMES);
    }

    /** Returns a size, such as {@code 64.0 MiB}. */
    public static String bytes(long bytes) {
        return scaled(bytes, 1024, SIZES);
    }

    /** Returns a rate, such as {@code 512 MiB/s}. */
    public static String rate(long bytesPerSecond) {
        return bytes(bytesPerSecond) + "/s";
    }

    /** Returns a count with separators, such as {@code 12,400}. */
    public static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** Returns a ratio with one decimal, such as {@code 1.4}. */
    public static String ratio(double ratio) {
        return String.format(Locale.ROOT, "%.1f", ratio);
    }

    private static String scaled(long number, int base, String[] units) {
        double amount = number;
        int unit = 0;
        while (amount >= base && unit < units.length - 1) {
            amount /= base;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 || amount >= 100 ? "%.0f %s" : "%.1f %s", amount, units[unit]);
    }
}
