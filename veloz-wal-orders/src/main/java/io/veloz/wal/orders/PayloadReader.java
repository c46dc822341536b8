package io.veloz.wal.orders;

import io.veloz.wal.WalVersionException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the fields of one payload, and checks each against the end of the payload first. Does not change the caller's
 * buffer. Not thread-safe.
 */
final class PayloadReader {
    private final String event;
    private final ByteBuffer payload;

    PayloadReader(String event, ByteBuffer payload) {
        this.event = event;
        this.payload = payload.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    int u8(String field) {
        require(field, 1);
        return payload.get() & 0xFF;
    }

    int i32(String field) {
        require(field, 4);
        return payload.getInt();
    }

    long i64(String field) {
        require(field, 8);
        return payload.getLong();
    }

    double f64(String field) {
        return Double.longBitsToDouble(i64(field));
    }

    String text(String field) {
        int length = i32(field);
        if (length < 0 || length > payload.remaining()) {
            throw invalid(
                    field,
                    "a text of " + Integer.toUnsignedString(length) + " bytes",
                    "at most " + payload.remaining());
        }
        byte[] bytes = new byte[length];
        payload.get(bytes);
        return OrderText.decode(bytes, 0, length);
    }

    List<String> texts(String field) {
        int count = i32(field);
        // Every text has a length field of 4 bytes, so the size of the payload bounds the count.
        if (count < 0 || count > payload.remaining() / 4) {
            throw invalid(field, Integer.toUnsignedString(count) + " texts", "at most " + payload.remaining() / 4);
        }
        List<String> texts = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            texts.add(text(field));
        }
        return texts;
    }

    <T> @Nullable T constant(String field, T[] constants) {
        int code = u8(field);
        if (code > constants.length) {
            throw invalid(field, String.valueOf(code), "0 to " + constants.length);
        }
        return code == 0 ? null : constants[code - 1];
    }

    int flags(String field, int known) {
        int flags = u8(field);
        if ((flags & ~known) != 0) {
            throw invalid(
                    field,
                    String.format(Locale.ROOT, "0x%02x", flags),
                    String.format(Locale.ROOT, "only bits of 0x%02x", known));
        }
        return flags;
    }

    private void require(String field, int bytes) {
        if (payload.remaining() < bytes) {
            throw invalid(field, payload.remaining() + " bytes left", bytes + " or more");
        }
    }

    WalVersionException invalid(String field, String got, String expected) {
        return new WalVersionException(event + " payload, " + field + ": got " + got + ", expected " + expected);
    }
}
