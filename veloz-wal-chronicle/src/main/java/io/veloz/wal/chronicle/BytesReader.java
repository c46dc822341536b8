package io.veloz.wal.chronicle;

import io.veloz.wal.WalReader;
import java.nio.ByteBuffer;
import java.util.Objects;
import net.openhft.chronicle.bytes.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Copies payloads of a {@link WalReader} into {@link Bytes}. It belongs to the thread of the reader.
 *
 * <p>A payload is copied once, from the window of the reader to the memory of the Bytes. Native Bytes are filled through a
 * small array.
 */
public final class BytesReader {
    private static final int PIECE_BYTES = 8 * 1024;

    private final WalReader reader;
    private final byte[] piece = new byte[PIECE_BYTES];

    private BytesReader(WalReader reader) {
        this.reader = reader;
    }

    /** Returns a BytesReader for the records of a reader. The caller steps and closes the reader. */
    public static BytesReader of(WalReader reader) {
        return new BytesReader(Objects.requireNonNull(reader, "reader"));
    }

    /**
     * Writes the payload of the current record at the write position of the target, which moves to the end of the payload.
     * Elastic Bytes grow. Call {@link Bytes#clear()} before to replace what the target contains.
     *
     * @return the number of bytes written
     * @throws java.nio.BufferOverflowException if the target is not elastic and too small; nothing was written
     */
    public int readInto(Bytes<?> target) {
        ByteBuffer payload = reader.payload();
        int length = payload.remaining();
        target.ensureCapacity(target.writePosition() + length);
        int at = payload.position();
        // After the capacity was ensured: an elastic target has new memory now.
        @Nullable Object memory = target.underlyingObject();
        if (memory instanceof byte[] array) {
            payload.get(at, array, Math.toIntExact(target.writePosition()), length);
            target.writeSkip(length);
        } else if (memory instanceof ByteBuffer buffer) {
            buffer.duplicate().clear().put(Math.toIntExact(target.writePosition()), payload, at, length);
            target.writeSkip(length);
        } else {
            for (int done = 0; done < length; done += PIECE_BYTES) {
                int count = Math.min(PIECE_BYTES, length - done);
                payload.get(at + done, piece, 0, count);
                target.write(piece, 0, count);
            }
        }
        return length;
    }
}
