package io.veloz.wal.internal.format;

import java.util.Locale;
import java.util.UUID;

/** The 128 random bits that tell one log from every other. */
public record LogId(long high, long low) {
    public static final int BYTES = 16;

    /** Of a log that has not begun yet. */
    public static final LogId NONE = new LogId(0, 0);

    public static LogId random() {
        UUID uuid = UUID.randomUUID();
        return new LogId(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    }

    /** Reads what {@link #toString} writes. */
    public static LogId parse(String text) {
        if (!text.matches("[0-9a-f]{32}")) {
            throw new IllegalArgumentException("log id \"" + text + "\": expected 32 hex digits");
        }
        return new LogId(
                Long.parseUnsignedLong(text.substring(0, 16), 16), Long.parseUnsignedLong(text.substring(16), 16));
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%016x%016x", high, low);
    }
}
