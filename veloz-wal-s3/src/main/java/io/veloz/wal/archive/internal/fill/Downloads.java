package io.veloz.wal.archive.internal.fill;

import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Workers;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** Fetches segments in order, some of them at the same time and ahead of their use. It belongs to one thread. */
final class Downloads implements AutoCloseable {
    private final FillFiles files;
    private final ObjectFiles objects;
    private final List<Segment> segments;
    private final int parallelism;
    private final Space space;
    private final ExecutorService threads;
    private final Queue<Future<Boolean>> running = new ArrayDeque<>();

    private int next;

    /** Checks the free space before a download. */
    interface Space {
        /**
         * Throws if there is not enough.
         *
         * @param bytes of the segments that are fetched or will be
         */
        void check(long bytes) throws IOException;
    }

    Downloads(FillFiles files, ObjectFiles objects, List<Segment> segments, int parallelism, Space space) {
        this.files = files;
        this.objects = objects;
        this.segments = segments;
        this.parallelism = parallelism;
        this.space = space;
        this.threads = Workers.start(parallelism, "veloz-wal-fill");
    }

    /** Waits for the next segment. Returns whether it did not have to be fetched. */
    boolean next() throws IOException {
        while (running.size() < parallelism && next < segments.size()) {
            Segment segment = segments.get(next);
            space.check(segments.subList(next - running.size(), next + 1).stream()
                    .mapToLong(Segment::fileBytes)
                    .sum());
            running.add(threads.submit(() -> files.fetch(objects, segment)));
            next++;
        }
        return Workers.await(running.remove());
    }

    /** Waits for the running downloads. */
    @Override
    public void close() {
        running.forEach(future -> future.cancel(false));
        Workers.end(threads);
    }
}
