package io.veloz.wal.orders;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes the fields of a payload into an array that is reused for the next payload. Once the array is large enough, only
 * texts that are not ASCII allocate memory. Not thread-safe.
 */
final class PayloadWriter {
    private static final int INITIAL_BYTES = 512;

    /** An array larger than this is discarded after use, so that one long payload does not occupy memory. */
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

    /** Writes each character as one byte. Returns false if a character is not ASCII. */
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
                        "payload of more than " + bytes.length + " bytes exceeds the size of any record");
            }
            bytes = Arrays.copyOf(bytes, (int) wanted);
        }
    }

    /** Writes the position of a constant in the list, from 1; 0 for null. The order of the lists never changes. */
    <T> void constant(@Nullable T value, T[] constants) {
        int code = constants.length;
        while (code > 0 && constants[code - 1] != value) {
            code--;
        }
        u8(code);
    }

    /** Returns the bytes written since the last {@link #clear}. Valid until the next one. */
    ByteBuffer written() {
        if (view.array() != bytes) {
            view = ByteBuffer.wrap(bytes);
        }
        return view.clear().limit(position);
    }
}
