package io.veloz.wal.chronicle;

import java.nio.ByteBuffer;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.core.io.ClosedIllegalStateException;
import org.jspecify.annotations.Nullable;

/**
 * Presents the readable part of Bytes as a {@link ByteBuffer}. It belongs to one thread.
 *
 * <p>Bytes on an array or a ByteBuffer share their memory with the result. Native and mapped Bytes have no ByteBuffer, so
 * they are copied to an array that is reused. The log then takes that array as it is, while it has to stage a
 * direct ByteBuffer; both kinds are copied twice in total.
 *
 * <p>Nothing is allocated while the same memory is presented again.
 */
final class BytesView {
    private static final int SMALLEST_COPY_BYTES = 1024;

    private final int largestBytes;
    private @Nullable Object memory;
    private ByteBuffer shared = ByteBuffer.allocate(0);
    private ByteBuffer copy = ByteBuffer.allocate(0);

    /** Creates a view that refuses payloads of more bytes than that before it copies them. */
    BytesView(int largestBytes) {
        this.largestBytes = largestBytes;
    }

    /** Checks that Bytes still have memory: an access to memory that was freed corrupts the heap of the process. */
    static void checkNotReleased(Bytes<?> bytes, String name) {
        if (bytes.refCount() <= 0) {
            throw new ClosedIllegalStateException("the " + name + " was released");
        }
    }

    /** Returns the bytes from the read position to the read limit; valid until the next call. The positions do not move. */
    ByteBuffer of(Bytes<?> source) {
        checkNotReleased(source, "payload");
        long bytes = source.readRemaining();
        if (bytes > largestBytes) {
            throw new IllegalArgumentException("payload of " + bytes + " bytes: expected at most " + largestBytes
                    + " bytes in a single record; see WalConfig.maxBatchBytes");
        }
        int length = (int) bytes;
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

    /**
     * Copies a payload, and detects that its mapped file was truncated. Such a fault stops the copy, and the JVM throws the
     * {@link InternalError} later, perhaps after the append. A stopped copy does not reach the last byte, so that byte is set
     * to another value before the copy and compared after it. The fault may be missed for a payload of a few bytes.
     */
    private ByteBuffer copyOf(Bytes<?> source, long position, int length) {
        if (copy.capacity() < length) {
            copy = ByteBuffer.allocate(Math.max(SMALLEST_COPY_BYTES, length + length / 2));
        }
        copy.clear().limit(length);
        if (length == 0) {
            return copy;
        }
        // By the reads that move: only they move to the next chunk of MappedBytes.
        try {
            byte last = source.readPosition(position + length - 1).readByte();
            copy.put(length - 1, (byte) ~last);
            source.readPosition(position);
            read(source, copy.array(), length);
            if (copy.get(length - 1) != last) {
                throw new IllegalStateException("the payload cannot be read, or changes while it is appended: expected "
                        + last + " as its last byte, got " + copy.get(length - 1)
                        + "; if it is in a mapped file, the file was truncated");
            }
        } finally {
            source.readPosition(position);
        }
        return copy;
    }

    /**
     * Reads pieces that each lie in one chunk of MappedBytes. A read that crosses the end of the mapped chunk reports the
     * whole length, but copies only the bytes up to there.
     */
    private static void read(Bytes<?> source, byte[] target, int length) {
        int done = 0;
        while (done < length) {
            long mapped = source.bytesStore().readLimit() - source.readPosition();
            if (mapped <= 0) {
                // Moves to the next chunk.
                target[done++] = source.readByte();
                continue;
            }
            int count = source.read(target, done, (int) Math.min(mapped, length - done));
            if (count <= 0) {
                throw new IllegalStateException("the payload changes while it is appended");
            }
            done += count;
        }
    }
}
