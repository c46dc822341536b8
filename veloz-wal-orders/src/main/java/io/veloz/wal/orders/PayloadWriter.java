package io.veloz.wal.orders;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes the fields of one payload after the other into an array that is used again for the next. Not thread-safe. Once
 * the array is large enough, nothing is allocated but for texts that are not ASCII.
 */
final class PayloadWriter {
    private static final int INITIAL_BYTES = 512;

    /** An array that one unusually long payload has made larger than this is not kept. */
    private static final int KEPT_BYTES = 64 * 1024;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private byte[] bytes = new byte[INITIAL_BYTES];
    private ByteBuffer view = ByteBuffer.wrap(bytes);
    private int position;

    void clear() {
        position = 0;
        if (bytes.length > KEPT_BYTES) {
            bytes = new byte[INITIAL_BYTES];
        }
    }

    void u8(int value) {
        reserve(1);
        bytes[position++] = (byte) value;
    }

    void i32(int value) {
        reserve(4);
        INT.set(bytes, position, value);
        position += 4;
    }

    void i64(long value) {
        reserve(8);
        LONG.set(bytes, position, value);
        position += 8;
    }

    void f64(double value) {
        i64(Double.doubleToRawLongBits(value));
    }

    void f64(@Nullable Double value) {
        i64(value == null ? 0 : Double.doubleToRawLongBits(value));
    }

    void text(String value) {
        int start = position;
        i32(value.length());
        if (!ascii(value)) {
            position = start;
            byte[] encoded = OrderText.encode(value);
            i32(encoded.length);
            reserve(encoded.length);
            System.arraycopy(encoded, 0, bytes, position, encoded.length);
            position += encoded.length;
        }
    }

    /** Writes the characters as one byte each; false if one of them takes more. */
    private boolean ascii(String value) {
        int length = value.length();
        reserve(length);
        for (int i = 0; i < length; i++) {
            char c = value.charAt(i);
            if (c >= 0x80) {
                return false;
            }
            bytes[position + i] = (byte) c;
        }
        position += length;
        return true;
    }

    private void reserve(int more) {
        if (more > bytes.length - position) {
            long wanted = Math.max((long) position + more, 2L * bytes.length);
            if (wanted > Integer.MAX_VALUE - 8) {
                throw new IllegalArgumentException(
                        "payload of more than " + bytes.length + " bytes; no record is as large");
            }
            bytes = Arrays.copyOf(bytes, (int) wanted);
        }
    }

    /** A constant by its place in the list, from 1; 0 for one that is not known. The lists never change their order. */
    <T> void constant(@Nullable T value, T[] constants) {
        int code = constants.length;
        while (code > 0 && constants[code - 1] != value) {
            code--;
        }
        u8(code);
    }

    /** What was written since {@link #clear}; valid until the next one. */
    ByteBuffer written() {
        if (view.array() != bytes) {
            view = ByteBuffer.wrap(bytes);
        }
        return view.clear().limit(position);
    }
}
