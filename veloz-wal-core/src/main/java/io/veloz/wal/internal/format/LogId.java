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

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%016x%016x", high, low);
    }
}
