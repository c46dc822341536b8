package io.veloz.wal.internal.format;

import java.util.Locale;
import java.util.UUID;

/** The 128 random bits that identify a log. */
public record LogId(long high, long low) {
    public static final int BYTES = 16;

    /** The id of a log that has no segment yet. */
    public static final LogId NONE = new LogId(0, 0);

    public static LogId random() {
        UUID uuid = UUID.randomUUID();
        return new LogId(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    }

    /** Parses the output of {@link #toString}. */
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
