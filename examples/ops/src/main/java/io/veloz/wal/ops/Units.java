package io.veloz.wal.ops;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Formats numbers with units. Stateless. */
final class Units {
    private static final String[] POWERS = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private Units() {}

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** {@code 1 record}, {@code 2,000 records}. */
    static String count(long number, String noun) {
        return count(number) + " " + noun + (number == 1 ? "" : "s");
    }

    /** Returns a size with three digits, such as {@code 12.3 MiB}. */
    static String bytes(long number) {
        if (number < 1024) {
            return number + " bytes";
        }
        double amount = number;
        int power = 0;
        while (amount >= 1024 && power < POWERS.length - 1) {
            amount /= 1024;
            power++;
        }
        return String.format(Locale.ROOT, amount < 100 ? "%.1f %s" : "%.0f %s", amount, POWERS[power]);
    }

    /** Returns an exact size, such as {@code 3,740,937 bytes (3.6 MiB)}. */
    static String exactBytes(long number) {
        return count(number) + " bytes" + (number < 1024 ? "" : " (" + bytes(number) + ")");
    }

    /** Returns a time in UTC, with nanoseconds. */
    static String time(long nanosSince1970) {
        return instant(nanosSince1970).toString();
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
    }

    /** Returns a duration in its two largest units: {@code 3 d 4 h}, {@code 12 min 5 s}. A negative one is {@code 0 s}. */
    static String age(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 60) {
            return seconds + " s";
        } else if (seconds < 3600) {
            return seconds / 60 + " min " + seconds % 60 + " s";
        } else if (seconds < 86_400) {
            return seconds / 3600 + " h " + seconds / 60 % 60 + " min";
        }
        return seconds / 86_400 + " d " + seconds / 3600 % 24 + " h";
    }

    /** Returns a duration in seconds, such as {@code 12.345 s}. */
    static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.3f s", duration.toNanos() / 1e9);
    }

    static String range(long first, long last) {
        return first == last ? count(first) : count(first) + " to " + count(last);
    }
}
