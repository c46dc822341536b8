package io.veloz.wal.testkit;

import io.veloz.wal.WalReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A record as returned by a reader. */
record Seen(long sequence, int type, long timestampNanos, boolean groupContinues, String payload) {
    static Seen by(WalReader reader) {
        return new Seen(
                reader.sequence(),
                reader.type(),
                reader.timestampNanos(),
                reader.groupContinues(),
                text(reader.payload()));
    }

    static String text(ByteBuffer payload) {
        return StandardCharsets.ISO_8859_1.decode(payload).toString();
    }

    @Override
    public String toString() {
        return sequence + " (type " + type + ", " + payload.length() + " bytes)";
    }
}
