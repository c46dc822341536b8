package io.veloz.wal.bench.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Files for the hand-made logs, filled with zeros and forced by a thread that is always one file ahead. So the floor pays for
 * its zeros as every log does that writes over them, and during the same time.
 */
final class SegmentSupply implements Closeable {
    private static final int CHUNK_BYTES = 1024 * 1024;

    private final Path directory;
    private final int segmentBytes;
    private final SynchronousQueue<FileChannel> filled = new SynchronousQueue<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Thread thread = new Thread(this::fillAll, "segment-supply");
    private int files;
    private volatile @Nullable IOException failure;

    SegmentSupply(Path directory, int segmentBytes) {
        this.directory = directory;
        this.segmentBytes = segmentBytes;
        thread.setDaemon(true);
        thread.start();
    }

    /** Takes the next file; waits until it is filled. */
    FileChannel take() throws IOException {
        try {
            while (true) {
                @Nullable FileChannel file = filled.poll(100, TimeUnit.MILLISECONDS);
                if (file != null) {
                    return file;
                }
                if (failure != null) {
                    throw new IOException("the next file could not be filled", failure);
                }
            }
        } catch (InterruptedException e) {
            throw new IOException("interrupted", e);
        }
    }

    private void fillAll() {
        try {
            while (!closed.get()) {
                Path path = directory.resolve(String.format(java.util.Locale.ROOT, "segment-%08d", files++));
                FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                fill(file);
                boolean taken = false;
                while (!taken && !closed.get()) {
                    taken = filled.offer(file, 10, TimeUnit.MILLISECONDS);
                }
                if (!taken) {
                    file.close();
                    Files.delete(path);
                }
            }
        } catch (IOException e) {
            failure = e;
        } catch (InterruptedException e) {
            failure = new IOException("interrupted", e);
        }
    }

    private void fill(FileChannel file) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(CHUNK_BYTES);
        for (long position = 0; position < segmentBytes && !closed.get(); ) {
            zeros.clear().limit((int) Math.min(CHUNK_BYTES, segmentBytes - position));
            position += file.write(zeros, position);
        }
        file.force(true);
    }

    @Override
    public void close() throws IOException {
        closed.set(true);
        try {
            thread.join(10_000);
        } catch (InterruptedException e) {
            throw new IOException("interrupted", e);
        }
    }
}
