package io.veloz.wal.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An open file. It belongs to one thread at a time. */
public interface StorageFile extends Closeable {
    /** Writes some or all of the remaining bytes at a position, and returns how many. */
    int write(ByteBuffer source, long position) throws IOException;

    /** Reads up to the remaining bytes from a position, and returns how many; -1 at or after the end of the file. */
    int read(ByteBuffer target, long position) throws IOException;

    /** Returns when all bytes written, and the size, are on disk. After a failure the file must not be trusted again. */
    void force() throws IOException;

    void truncate(long size) throws IOException;

    long size() throws IOException;

    /** Writes all remaining bytes, as many calls as it takes. */
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

    /** Reads until the target is full or the file ends, and returns how many bytes came. */
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
