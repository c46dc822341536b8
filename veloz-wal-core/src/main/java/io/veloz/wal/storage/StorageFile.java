package io.veloz.wal.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An open file. It belongs to one thread at a time. */
public interface StorageFile extends Closeable {
    /** Writes some or all of the remaining bytes at a position, and returns their number. */
    int write(ByteBuffer source, long position) throws IOException;

    /** Reads up to the remaining bytes from a position, and returns their number; -1 at or after the end of the file. */
    int read(ByteBuffer target, long position) throws IOException;

    /** Makes all written bytes and the size durable (fsync). After a failure, the file must not be used again. */
    void force() throws IOException;

    /** Truncates the file to a size. */
    void truncate(long size) throws IOException;

    /** Returns the size of the file. */
    long size() throws IOException;

    /** Writes all remaining bytes, with as many calls as needed. */
    default void writeFully(ByteBuffer source, long position) throws IOException {
        long at = position;
        while (source.hasRemaining()) {
            int written = write(source, at);
            if (written <= 0) {
                throw new IOException("write of " + source.remaining() + " bytes at " + at + " wrote " + written);
            }
            at += written;
        }
    }

    /** Reads until the target is full or the file ends, and returns the number of bytes read. */
    default int readFully(ByteBuffer target, long position) throws IOException {
        int start = target.position();
        while (target.hasRemaining()) {
            if (read(target, position + target.position() - start) < 0) {
                break;
            }
        }
        return target.position() - start;
    }
}
