package io.veloz.wal.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The minimum latency of the disk: appends bytes to a file that was filled with zeros, and forces them without metadata
 * (fdatasync). No log can be faster. Not thread-safe.
 */
final class DiskFloor implements AutoCloseable {
    private static final int FILE_BYTES = 16 * 1024 * 1024;

    private final FileChannel channel;
    private final ByteBuffer record;
    private long position;

    DiskFloor(Path file, int recordBytes) throws IOException {
        channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        record = ByteBuffer.allocateDirect(recordBytes);
        ByteBuffer zeros = ByteBuffer.allocateDirect(1024 * 1024);
        for (long at = 0; at < FILE_BYTES; at += zeros.capacity()) {
            zeros.clear();
            while (zeros.hasRemaining()) {
                channel.write(zeros, at + zeros.position());
            }
        }
        channel.force(true);
    }

    void writeAndForce() {
        try {
            record.clear();
            channel.write(record, position);
            channel.force(false);
        } catch (IOException e) {
            throw new UncheckedIOException("measuring the disk", e);
        }
        position += record.capacity();
        if (position + record.capacity() > FILE_BYTES) {
            position = 0;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
