package io.veloz.wal.ops.doctor;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A thread that fills a scratch file with zeros again and again, as the log prepares segments under full load. Ends by
 * itself at the deadline or when it has written {@link Bounds#fillBytes}.
 */
final class Filler implements Closeable {
    private final Storage storage;
    private final Bounds bounds;
    private final Deadline deadline;
    private final CountDownLatch started = new CountDownLatch(1);
    private final UninterruptibleThread thread;

    private volatile boolean stopped;
    private volatile boolean ended;

    /** Written by the thread, read after its end. */
    private long writtenBytes;

    /** Written by the thread, read after its end. */
    private @Nullable Exception failure;

    private Filler(Storage storage, Bounds bounds, Deadline deadline) {
        this.storage = storage;
        this.bounds = bounds;
        this.deadline = deadline;
        this.thread = new UninterruptibleThread(this::run, "veloz-wal-doctor-filler");
    }

    /** Starts the thread, and returns when it has written its first chunk or has failed. */
    static Filler start(Storage storage, Bounds bounds, Deadline deadline) {
        Filler filler = new Filler(storage, bounds, deadline);
        filler.thread.start();
        boolean interrupted = false;
        while (true) {
            try {
                filler.started.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return filler;
    }

    private void run() {
        try (ScratchFile file = new ScratchFile(storage, ScratchNames.NEIGHBOUR, bounds.fileBytes())) {
            do {
                if (file.fillChunk()) {
                    file.empty();
                }
                writtenBytes = file.writtenBytes();
                started.countDown();
            } while (!stopped && !deadline.isOver() && writtenBytes < bounds.fillBytes());
        } catch (IOException | RuntimeException e) {
            failure = e;
        } finally {
            ended = true;
            started.countDown();
        }
    }

    /** Returns whether the thread has ended, so that nothing is filled any more. */
    boolean hasEnded() {
        return ended;
    }

    /** Ends the thread, and returns the number of bytes that it has written. Throws its failure. */
    long stop() throws IOException {
        close();
        Exception problem = failure;
        if (problem instanceof IOException io) {
            throw io;
        } else if (problem instanceof RuntimeException other) {
            throw other;
        }
        return writtenBytes;
    }

    /** Ends the thread. */
    @Override
    public void close() {
        stopped = true;
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
