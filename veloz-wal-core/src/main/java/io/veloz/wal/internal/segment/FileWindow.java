package io.veloz.wal.internal.segment;

import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The part of a file that is in memory. It belongs to one thread, and moves forward with few large reads. */
final class FileWindow {
    private static final int READ_BYTES = 256 * 1024;

    private final StorageFile file;
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private long start;
    private int length;

    FileWindow(StorageFile file) {
        this.file = file;
    }

    /** Makes as many of the bytes from a position available as there are, and returns how many, at most {@code wanted}. */
    int load(long position, int wanted) throws IOException {
        if (position >= start && position + wanted <= start + length) {
            return wanted;
        }
        // Also the first time: many segments are opened only to look at their header.
        if (wanted > buffer.capacity()) {
            // Not more than there is, whatever a batch says of its length.
            int there = (int) Math.min(Math.max(wanted, READ_BYTES), Math.max(0, file.size() - position));
            if (there > buffer.capacity()) {
                buffer = ByteBuffer.allocate(there).order(ByteOrder.LITTLE_ENDIAN);
            }
        }
        buffer.clear();
        start = position;
        length = file.readFully(buffer, position);
        buffer.clear();
        return Math.min(wanted, length);
    }

    ByteBuffer buffer() {
        return buffer;
    }

    /** Where in the buffer a loaded position is. */
    int at(long position) {
        return (int) (position - start);
    }

    /** Forgets what was read: the file may have grown since. */
    void drop() {
        length = 0;
    }

    /** As many bytes as one read brings. */
    static int readBytes() {
        return READ_BYTES;
    }
}
