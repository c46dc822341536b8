package io.veloz.wal.internal;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Forces many files, several at a time: a force of a file without new data still waits for a flush of the disk, and the disk
 * flushes once for all threads that ask at the same time. Stateless.
 */
public final class ParallelForce {
    private static final int MOST_THREADS = 8;

    /** For fewer files, a thread costs more than it saves. */
    private static final int FILES_PER_THREAD = 16;

    private ParallelForce() {}

    /** Returns when all files are durable, or throws the first failure when none is forced any more. */
    public static void force(Storage storage, List<String> names) throws IOException {
        int threads = Math.min(MOST_THREADS, names.size() / FILES_PER_THREAD);
        if (threads < 2) {
            for (String name : names) {
                force(storage, name);
            }
            return;
        }
        List<Callable<@Nullable Void>> forces = new ArrayList<>();
        for (String name : names) {
            forces.add(() -> force(storage, name));
        }
        ExecutorService executor = Executors.newFixedThreadPool(
                threads, task -> new UninterruptibleThread(task, "veloz-wal-open " + storage.describe()));
        try {
            for (Future<@Nullable Void> force : executor.invokeAll(forces)) {
                force.get();
            }
        } catch (ExecutionException e) {
            throw rethrowable(e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError("this thread cannot be interrupted", e);
        } finally {
            executor.shutdown();
        }
    }

    private static IOException rethrowable(@Nullable Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        if (cause instanceof RuntimeException exception) {
            throw exception;
        }
        return cause instanceof IOException exception ? exception : new IOException(cause);
    }

    private static @Nullable Void force(Storage storage, String name) throws IOException {
        try (StorageFile file = storage.open(name)) {
            file.force();
        }
        return null;
    }
}
