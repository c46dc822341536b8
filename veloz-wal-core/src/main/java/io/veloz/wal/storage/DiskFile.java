package io.veloz.wal.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;

/**
 * A file for writing. It belongs to one thread at a time, which must be an {@link UninterruptibleThread}, because an
 * interrupt closes a {@link FileChannel} for all threads.
 */
final class DiskFile implements StorageFile {
    /**
     * The largest write or read of a heap buffer. The channel copies a heap buffer through direct memory of the same
     * size, which the thread keeps until it ends. This limits the direct memory of a thread.
     */
    private static final int LONGEST_HEAP_BYTES = 256 * 1024;

    private final DiskStorage storage;
    private final Path path;
    private final FileChannel channel;

    DiskFile(DiskStorage storage, Path path, OpenOption... options) throws IOException {
        this.storage = storage;
        this.path = path;
        this.channel = FileChannel.open(path, options);
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
        int end = source.limit();
        shorten(source);
        try {
            return channel.write(source, position);
        } catch (IOException e) {
            throw storage.translate(e, path);
        } finally {
            source.limit(end);
        }
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        int end = target.limit();
        shorten(target);
        try {
            return channel.read(target, position);
        } finally {
            target.limit(end);
        }
    }

    private static void shorten(ByteBuffer buffer) {
        if (!buffer.isDirect()) {
            buffer.limit((int) Math.min(buffer.limit(), (long) buffer.position() + LONGEST_HEAP_BYTES));
        }
    }

    @Override
    public void force() throws IOException {
        // Without metadata (fdatasync): a changed file size is durable nevertheless, and only the times are not.
        try {
            channel.force(false);
        } catch (IOException e) {
            throw storage.translate(e, path);
        }
    }

    @Override
    public void truncate(long size) throws IOException {
        channel.truncate(size);
    }

    @Override
    public long size() throws IOException {
        return channel.size();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
