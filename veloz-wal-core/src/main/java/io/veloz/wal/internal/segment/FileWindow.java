package io.veloz.wal.internal.segment;

import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The part of a file that is in memory. It belongs to one thread, and moves forward.
 *
 * <p>The first read brings one page, and each that follows it four times as much, up to 256 KiB: a look at one place of a
 * file stays cheap, and a long way through it takes few large reads. Bytes that are in memory are not read again when the
 * window moves on over them.
 */
final class FileWindow {
    private static final int FIRST_READ_BYTES = 4 * 1024;
    private static final int LARGEST_READ_BYTES = 256 * 1024;
    private static final int GROWTH = 4;

    private final StorageFile file;
    private ByteBuffer buffer = ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN);
    private long start;
    private int length;
    private int readBytes = FIRST_READ_BYTES;

    FileWindow(StorageFile file) {
        this.file = file;
    }

    /** Makes as many of the bytes from a position available as there are, and returns how many, at most {@code wanted}. */
    int load(long position, int wanted) throws IOException {
        long end = start + length;
        if (position >= start && position + wanted <= end) {
            return wanted;
        }
        boolean goesOn = length > 0 && position >= start && position <= end;
        readBytes = goesOn ? Math.min(LARGEST_READ_BYTES, readBytes * GROWTH) : FIRST_READ_BYTES;
        int kept = goesOn ? (int) (end - position) : 0;
        keep(position, kept, Math.max(wanted, readBytes));
        start = position;
        length = kept;
        length += file.readFully(buffer, position + kept);
        buffer.clear();
        return Math.min(wanted, length);
    }

    /** Moves the last bytes of the window to its beginning; the buffer is then ready to take those that follow. */
    private void keep(long position, int kept, int wanted) throws IOException {
        buffer.clear().position(length - kept).limit(length);
        if (wanted > buffer.capacity()) {
            // Not more than there is, whatever a batch says of its length.
            int there = (int) Math.min(wanted, Math.max(kept, file.size() - position));
            if (there > buffer.capacity()) {
                buffer = ByteBuffer.allocate(there)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(buffer);
                return;
            }
        }
        buffer.compact();
        // A window that was once large, for a large batch, does not make later reads large.
        buffer.limit(Math.max(kept, Math.min(wanted, buffer.capacity())));
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
}
