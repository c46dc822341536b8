package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.archive.internal.format.FollowState.Content;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Workers;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Fetches segments in parallel, and passes them on in their order. All threads have ended when it returns or fails: one that
 * still wrote a file would disturb the next attempt, or the log after a promotion.
 */
final class SegmentFetch {
    private static final int THREADS = 4;

    private final StandbyFiles files;

    SegmentFetch(StandbyFiles files) {
        this.files = files;
    }

    /** Receives a segment whose file was fetched now or before. */
    interface Fetched {
        void add(Segment segment) throws IOException;
    }

    void forEach(List<Segment> segments, Fetched fetched) throws IOException {
        ExecutorService threads = Workers.start(Math.min(THREADS, segments.size()), "veloz-wal-follow");
        Deque<Future<Segment>> running = new ArrayDeque<>();
        try {
            for (Segment segment : segments) {
                if (running.size() == THREADS) {
                    fetched.add(result(running.removeFirst()));
                }
                running.addLast(threads.submit(() -> fetch(segment)));
            }
            while (!running.isEmpty()) {
                fetched.add(result(running.removeFirst()));
            }
        } finally {
            running.forEach(future -> future.cancel(false));
            end(threads);
        }
    }

    private Segment fetch(Segment segment) throws IOException {
        if (!files.isIntact(segment)) {
            files.fetch(segment, Content.NONE);
        }
        return segment;
    }

    private static Segment result(Future<Segment> future) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw rethrown(e);
                }
            }
        } finally {
            restore(interrupted);
        }
    }

    private static IOException rethrown(ExecutionException e) {
        if (e.getCause() instanceof RuntimeException unchecked) {
            throw unchecked;
        } else if (e.getCause() instanceof Error error) {
            throw error;
        }
        return e.getCause() instanceof IOException io ? io : new IOException(e);
    }

    private static void end(ExecutorService threads) {
        threads.shutdown();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = threads.awaitTermination(1, TimeUnit.HOURS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        restore(interrupted);
    }

    private static void restore(boolean interrupted) {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
