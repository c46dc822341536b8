package io.veloz.wal.ops.doctor;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A file of a bounded size for measurements, which is deleted when it is closed. Writes follow each other and start again
 * at the beginning. It belongs to one thread.
 */
final class ScratchFile implements Closeable {
    private static final int CHUNK_BYTES = 256 * 1024;
    private static final int UNFORCED_BYTES = 4 * 1024 * 1024;

    /** Heap memory, in chunks of the same size as those of the log when it prepares a segment. */
    private static final ByteBuffer ZEROS = ByteBuffer.allocate(CHUNK_BYTES).asReadOnlyBuffer();

    private final Storage storage;
    private final String name;
    private final StorageFile file;
    private final long limitBytes;

    /** The end of the part that has content. Writes stay before it. */
    private long endBytes;

    private long position;
    private long writtenBytes;
    private long unforcedBytes;

    ScratchFile(Storage storage, String name, long limitBytes) throws IOException {
        this.storage = storage;
        this.name = name;
        this.limitBytes = limitBytes;
        this.file = storage.create(name);
    }

    /** Appends one chunk of zeros, and forces the file every 4 MiB, as the log prepares a segment. Returns whether the file is full. */
    boolean fillChunk() throws IOException {
        int bytes = (int) Math.min(CHUNK_BYTES, limitBytes - endBytes);
        file.writeFully(ZEROS.duplicate().limit(bytes), endBytes);
        endBytes += bytes;
        writtenBytes += bytes;
        unforcedBytes += bytes;
        boolean full = endBytes == limitBytes;
        if (full || unforcedBytes >= UNFORCED_BYTES) {
            force();
        }
        return full;
    }

    /** Removes all content. */
    void empty() throws IOException {
        file.truncate(0);
        endBytes = 0;
        position = 0;
    }

    /** Replaces the content by a hole of the full size: no block is allocated except for the last. */
    void makeSparse() throws IOException {
        empty();
        file.writeFully(ByteBuffer.allocate(1), limitBytes - 1);
        force();
        endBytes = limitBytes;
        writtenBytes++;
    }

    /** Returns whether the next write of this size starts again at the beginning. */
    boolean wraps(int bytes) {
        return position + bytes > endBytes;
    }

    /** Writes all bytes of a buffer after the last write. Leaves the buffer as it was. */
    void write(ByteBuffer source) throws IOException {
        int bytes = source.remaining();
        if (wraps(bytes)) {
            position = 0;
        }
        file.writeFully(source.duplicate(), position);
        position += bytes;
        writtenBytes += bytes;
    }

    void force() throws IOException {
        file.force();
        unforcedBytes = 0;
    }

    /** Reads into a buffer from a position, and returns the number of bytes read. */
    int read(ByteBuffer target, long from) throws IOException {
        return file.readFully(target.clear(), from);
    }

    /** Returns the number of bytes that have content. */
    long endBytes() {
        return endBytes;
    }

    long writtenBytes() {
        return writtenBytes;
    }

    @Override
    public void close() throws IOException {
        try (file) {
            storage.delete(name);
        }
    }
}
