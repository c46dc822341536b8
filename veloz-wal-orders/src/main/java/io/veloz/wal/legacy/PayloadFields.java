package io.veloz.wal.legacy;

import io.veloz.wal.orders.OrderText;

/**
 * Takes the fields of a payload one after the other, exactly as the engine does: what would pass the end reads as empty
 * or 0 and fails nothing. {@link #complete} tells whether that happened. For one thread.
 */
final class PayloadFields {
    /** A text beyond this reads as empty. The engine has no id or reason of such a size, and garbage must not fill memory. */
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

    /** Whether every field so far was really there. */
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

    /** After a length that passes the end, reading goes on behind the length, as in the engine. */
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
