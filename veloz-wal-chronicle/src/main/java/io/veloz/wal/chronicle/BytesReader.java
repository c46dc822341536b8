package io.veloz.wal.chronicle;

import io.veloz.wal.WalReader;
import java.nio.ByteBuffer;
import java.util.Objects;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.util.DecoratedBufferOverflowException;
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
     * @throws java.nio.BufferOverflowException if the payload does not fit before the write limit of the target, or before
     *     the end of a target that is not elastic; nothing was written
     * @throws net.openhft.chronicle.core.io.ClosedIllegalStateException if the target was released
     */
    public int readInto(Bytes<?> target) {
        BytesView.checkNotReleased(target, "target");
        ByteBuffer payload = reader.payload();
        int length = payload.remaining();
        target.ensureCapacity(target.writePosition() + length);
        // The copies below bypass the limit of the target.
        if (length > target.writeRemaining()) {
            throw new DecoratedBufferOverflowException(
                    "payload of " + length + " bytes: the target has room for " + target.writeRemaining());
        }
        int at = payload.position();
        // After the capacity was ensured: an elastic target has new memory now.
        @Nullable Object memory = target.underlyingObject();
        if (memory instanceof byte[] array) {
            payload.get(at, array, Math.toIntExact(target.writePosition()), length);
            target.writeSkip(length);
        } else if (memory instanceof ByteBuffer buffer) {
            whole(buffer).put(Math.toIntExact(target.writePosition()), payload, at, length);
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

    /** A limit that the user has set on the buffer does not count for its Bytes. */
    private static ByteBuffer whole(ByteBuffer buffer) {
        return buffer.limit() == buffer.capacity() ? buffer : buffer.duplicate().clear();
    }
}
