package io.veloz.wal.bench.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Files for the hand-made logs. A thread fills each requested file with zeros, as fast as the disk takes them, and forces it. A
 * file that no log has requested is not filled, so a log that does not roll has no zeros written during its measurement.
 */
final class SegmentSupply implements Closeable {
    private static final int CHUNK_BYTES = 256 * 1024;

    private final Path directory;
    private final int segmentBytes;
    private final Semaphore requests = new Semaphore(0);
    private final BlockingQueue<Filled> filled = new LinkedBlockingQueue<>();
    private final Thread thread = new Thread(this::fillAll, "segment-supply");
    private int files;
    private volatile boolean closed;
    private volatile @Nullable IOException failure;

    private record Filled(Path path, FileChannel file) {}

    SegmentSupply(Path directory, int segmentBytes) {
        this.directory = directory;
        this.segmentBytes = segmentBytes;
        thread.setDaemon(true);
        thread.start();
    }

    /** Starts to fill one more file. */
    void request() {
        requests.release();
    }

    /** Takes the oldest requested file; waits until it is filled. */
    FileChannel take() throws IOException {
        try {
            while (true) {
                @Nullable Filled next = filled.poll(100, TimeUnit.MILLISECONDS);
                if (next != null) {
                    return next.file();
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
            requests.acquire();
            while (!closed) {
                Path path = directory.resolve(String.format(Locale.ROOT, "segment-%08d", files++));
                FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                fill(file);
                filled.add(new Filled(path, file));
                requests.acquire();
            }
        } catch (IOException e) {
            failure = e;
        } catch (InterruptedException e) {
            failure = new IOException("interrupted", e);
        }
    }

    private void fill(FileChannel file) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(CHUNK_BYTES);
        for (long position = 0; position < segmentBytes && !closed; ) {
            zeros.clear().limit((int) Math.min(CHUNK_BYTES, segmentBytes - position));
            position += file.write(zeros, position);
        }
        file.force(true);
    }

    /** Ends the thread, and deletes the files that the log has not taken. */
    @Override
    public void close() throws IOException {
        closed = true;
        requests.release();
        try {
            thread.join(10_000);
        } catch (InterruptedException e) {
            throw new IOException("interrupted", e);
        }
        List<Filled> left = new ArrayList<>();
        filled.drainTo(left);
        for (Filled each : left) {
            each.file().close();
            Files.delete(each.path());
        }
    }
}
