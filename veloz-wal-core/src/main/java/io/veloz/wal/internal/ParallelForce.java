package io.veloz.wal.internal;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Forces many files, several at a time: a force of a file without new data still waits for a flush of the disk, and the disk
 * flushes once for all threads that ask at the same time.
 *
 * <p>The threads share the index of the next file and the first failure. Each file belongs to one of them.
 */
public final class ParallelForce {
    private static final int MOST_THREADS = 8;

    /** For fewer files, a thread costs more than it saves. */
    private static final int FILES_PER_THREAD = 16;

    private final Storage storage;
    private final List<String> names;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    private ParallelForce(Storage storage, List<String> names) {
        this.storage = storage;
        this.names = names;
    }

    /**
     * Returns when all files are durable, or throws the first failure when no thread forces any more. Call it on a thread that
     * cannot be interrupted.
     */
    public static void force(Storage storage, List<String> names) throws IOException {
        ParallelForce force = new ParallelForce(storage, names);
        List<Thread> others = new ArrayList<>();
        int threads = Math.min(MOST_THREADS, names.size() / FILES_PER_THREAD);
        try {
            while (others.size() < threads - 1) {
                Thread other = new UninterruptibleThread(force::run, "veloz-wal-open " + storage.describe());
                other.start();
                others.add(other);
            }
        } finally {
            // Also if a thread could not be started: those that were started use the files.
            force.run();
            others.forEach(ParallelForce::join);
        }
        force.throwFailure();
    }

    private void run() {
        try {
            for (int i = next.getAndIncrement();
                    i < names.size() && failure.get() == null;
                    i = next.getAndIncrement()) {
                try (StorageFile file = storage.open(names.get(i))) {
                    file.force();
                }
            }
        } catch (Throwable t) {
            failure.compareAndSet(null, t);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError("this thread cannot be interrupted", e);
        }
    }

    private void throwFailure() throws IOException {
        Throwable first = failure.get();
        if (first instanceof Error error) {
            throw error;
        }
        if (first instanceof RuntimeException exception) {
            throw exception;
        }
        if (first != null) {
            throw first instanceof IOException exception ? exception : new IOException(first);
        }
    }
}
