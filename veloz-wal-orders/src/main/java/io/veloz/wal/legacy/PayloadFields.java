package io.veloz.wal.legacy;

import io.veloz.wal.orders.OrderText;

/**
 * Reads the fields of a payload in order, exactly as the engine does: a field beyond the end is read as empty or 0 without
 * an error. {@link #complete} returns whether all fields were present. Not thread-safe.
 */
final class PayloadFields {
    /** A longer text is read as empty, to bound memory. The engine writes no text of this size. */
    static final int MAX_TEXT_BYTES = 16 << 20;

    private final LegacyFile file;
    private final long end;
    private long position;
    private boolean complete = true;

    PayloadFields(LegacyFile file, EntryHeader entry) {
        this.file = file;
        this.position = entry.payloadPosition();
        this.end = entry.end();
    }

    long remaining() {
        return end - position;
    }

    /** Whether every field that was read so far was present. */
    boolean complete() {
        return complete;
    }

    int u8() {
        if (!has(1)) {
            return 0;
        }
        return file.u8(position++);
    }

    long u32() {
        if (!has(4)) {
            return 0;
        }
        position += 4;
        return Integer.toUnsignedLong(file.i32(position - 4));
    }

    long i64() {
        if (!has(8)) {
            return 0;
        }
        position += 8;
        return file.i64(position - 8);
    }

    double f64() {
        return Double.longBitsToDouble(i64());
    }

    /** If the length exceeds the payload, the next field is read after the length, as in the engine. */
    String text() {
        if (!has(4)) {
            return "";
        }
        long length = u32();
        if (!has(length)) {
            return "";
        }
        position += length;
        if (length > MAX_TEXT_BYTES) {
            complete = false;
            return "";
        }
        return OrderText.decode(file.bytes(position - length, (int) length), 0, (int) length);
    }

    private boolean has(long bytes) {
        if (remaining() >= bytes) {
            return true;
        }
        complete = false;
        return false;
    }
}
