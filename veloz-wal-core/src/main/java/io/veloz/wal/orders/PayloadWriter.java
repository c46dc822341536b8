package io.veloz.wal.orders;

import java.nio.ByteBuffer;
import net.openhft.chronicle.bytes.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Writes the fields of one payload after the other into a buffer that is used again for the next. Not thread-safe.
 *
 * <p>Heap Bytes only: mapped and direct ones would force JVM flags on every user.
 */
final class PayloadWriter {
    private final Bytes<byte[]> bytes = Bytes.allocateElasticOnHeap(512);
    private ByteBuffer view = ByteBuffer.allocate(0);

    PayloadWriter() {
        // The codec may be handed to another thread; that is safe as long as one uses it at a time.
        bytes.singleThreadedCheckDisabled(true);
    }

    void clear() {
        bytes.clear();
    }

    void u8(int value) {
        bytes.writeUnsignedByte(value);
    }

    void i32(int value) {
        bytes.writeInt(value);
    }

    void i64(long value) {
        bytes.writeLong(value);
    }

    void f64(double value) {
        bytes.writeLong(Double.doubleToRawLongBits(value));
    }

    void f64(@Nullable Double value) {
        bytes.writeLong(value == null ? 0 : Double.doubleToRawLongBits(value));
    }

    void text(String value) {
        byte[] encoded = OrderText.encode(value);
        bytes.writeInt(encoded.length);
        bytes.write(encoded);
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
        byte[] array = bytes.underlyingObject();
        if (array == null) {
            throw new IllegalStateException("heap Bytes without an array");
        }
        if (view.array() != array) {
            view = ByteBuffer.wrap(array);
        }
        return view.clear().limit((int) bytes.writePosition());
    }
}
