package io.veloz.wal.internal.segment;

import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The part of a file that is in memory. Confined to one thread. Moves forward.
 *
 * <p>The first read is one page, and each contiguous read after it four times as large, up to 256 KiB. A read at a
 * single position stays cheap, and a scan takes few large reads. Bytes in memory are not read again when the window
 * moves forward over them.
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

    /** Loads up to {@code wanted} bytes from a position, and returns how many of them the file has. */
    int load(long position, int wanted) throws IOException {
        long end = start + length;
        if (position >= start && position + wanted <= end) {
            return wanted;
        }
        boolean contiguous = length > 0 && position >= start && position <= end;
        readBytes = contiguous ? Math.min(LARGEST_READ_BYTES, readBytes * GROWTH) : FIRST_READ_BYTES;
        int kept = contiguous ? (int) (end - position) : 0;
        keep(position, kept, Math.max(wanted, readBytes));
        start = position;
        length = kept;
        length += file.readFully(buffer, position + kept);
        buffer.clear();
        return Math.min(wanted, length);
    }

    /** Moves the last bytes of the window to its beginning, and prepares the buffer for the bytes that follow. */
    private void keep(long position, int kept, int wanted) throws IOException {
        buffer.clear().position(length - kept).limit(length);
        if (wanted > buffer.capacity()) {
            // At least twice as much, because batches grow with the load. Never more than the file has, whatever length
            // a batch
            // states.
            long grown = Math.max(wanted, 2L * buffer.capacity());
            int remaining = (int) Math.min(grown, Math.max(kept, file.size() - position));
            if (remaining > buffer.capacity()) {
                buffer = ByteBuffer.allocate(remaining)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(buffer)
                        .limit(Math.min(wanted, remaining));
                return;
            }
        }
        buffer.compact();
        // A window that grew for a large batch must not make later reads large.
        buffer.limit(Math.max(kept, Math.min(wanted, buffer.capacity())));
    }

    ByteBuffer buffer() {
        return buffer;
    }

    /** Returns the index in the buffer of a loaded position. */
    int at(long position) {
        return (int) (position - start);
    }

    /** Discards the loaded bytes, because the file may have grown. */
    void drop() {
        length = 0;
    }
}
