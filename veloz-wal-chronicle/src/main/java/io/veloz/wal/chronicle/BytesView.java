package io.veloz.wal.chronicle;

import java.nio.ByteBuffer;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.core.io.ClosedIllegalStateException;
import org.jspecify.annotations.Nullable;

/**
 * Presents the readable part of Bytes as a {@link ByteBuffer}. It belongs to one thread.
 *
 * <p>Bytes on an array or a ByteBuffer share their memory with the result. Native and mapped Bytes have no ByteBuffer, so
 * they are copied in one piece to an array that is reused. The log then takes that array as it is, while it has to stage a
 * direct ByteBuffer; both kinds are copied twice in total.
 *
 * <p>Nothing is allocated while the same memory is presented again.
 */
final class BytesView {
    private static final int SMALLEST_COPY_BYTES = 1024;

    private @Nullable Object memory;
    private ByteBuffer shared = ByteBuffer.allocate(0);
    private ByteBuffer copy = ByteBuffer.allocate(0);

    /** Returns the bytes from the read position to the read limit; valid until the next call. The positions do not move. */
    ByteBuffer of(Bytes<?> source) {
        if (source.refCount() <= 0) {
            throw new ClosedIllegalStateException("the payload was released");
        }
        int length = Math.toIntExact(source.readRemaining());
        long position = source.readPosition();
        @Nullable Object underlying = source.underlyingObject();
        if (underlying instanceof byte[] || underlying instanceof ByteBuffer) {
            int from = Math.toIntExact(position);
            return shared(underlying).clear().limit(from + length).position(from);
        }
        return copyOf(source, position, length);
    }

    /** Elastic Bytes get other memory when they grow, so the memory is compared and not the Bytes. */
    @SuppressWarnings("ReferenceEquality") // whether it is the same memory
    private ByteBuffer shared(Object underlying) {
        if (memory != underlying) {
            shared =
                    underlying instanceof byte[] array ? ByteBuffer.wrap(array) : ((ByteBuffer) underlying).duplicate();
            memory = underlying;
        }
        return shared;
    }

    private ByteBuffer copyOf(Bytes<?> source, long position, int length) {
        if (copy.capacity() < length) {
            copy = ByteBuffer.allocate(Math.max(SMALLEST_COPY_BYTES, length + length / 2));
        }
        // By the reads that move: MappedBytes of several chunks reads past the end of its chunk at a fixed position.
        try {
            int done = 0;
            while (done < length) {
                int count = source.read(copy.array(), done, length - done);
                if (count <= 0) {
                    throw new IllegalStateException("the payload changes while it is appended");
                }
                done += count;
            }
        } finally {
            source.readPosition(position);
        }
        return copy.clear().limit(length);
    }
}
