package io.veloz.wal.archive;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.index.IndexRange;
import io.veloz.wal.archive.internal.index.IndexRange.Part;
import io.veloz.wal.archive.internal.index.SegmentIndex;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.RecordKeys;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the indexes of the segments that a shipper has committed, from the files of the log. It runs after the commit and on a thread of its
 * own, so no failure of it delays the archive. What it does not make, because of a failure, a crash or a segment that was trimmed
 * before, {@link ArchiveIndex#update} makes. Thread-safe.
 */
final class IndexThread {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");

    /** Limit of the segments that wait. More of them wait only while the store fails, or if indexing is slower than the log. */
    private static final int MAX_WAITING = 1024;

    private final LogFiles files;
    private final ObjectStore store;
    private final RecordKeys keys;
    private final Retries retries;
    private final UninterruptibleThread thread;

    /** Guarded by this. */
    private final Deque<Segment> waiting = new ArrayDeque<>();

    /** Guarded by this. */
    private boolean isClosing;

    /** Guarded by this. */
    private boolean isRunning;

    IndexThread(LogFiles files, ObjectStore store, RecordKeys keys, Retries retries) {
        this.files = files;
        this.store = store;
        this.keys = keys;
        this.retries = retries;
        this.thread = new UninterruptibleThread(
                this::run, "veloz-wal-index " + files.storage().describe());
    }

    synchronized void start() {
        isRunning = true;
        thread.start();
    }

    /** Indexes a segment some time later. */
    synchronized void committed(Segment segment) {
        if (isClosing) {
            return;
        }
        if (waiting.size() == MAX_WAITING) {
            Segment dropped = waiting.removeFirst();
            LOG.warn("segment {} is not indexed, as {} others wait; run `index`", dropped.number(), MAX_WAITING);
        }
        waiting.addLast(segment);
        notifyAll();
    }

    /** Ends when the waiting segments are indexed, or after a time. */
    synchronized void close(long timeoutNanos) {
        isClosing = true;
        notifyAll();
        long end = System.nanoTime() + timeoutNanos;
        for (long left = timeoutNanos; isRunning && left > 0; left = end - System.nanoTime()) {
            pause(left);
        }
        if (!waiting.isEmpty()) {
            LOG.warn("{} segments are not indexed yet; run `index`", waiting.size());
            waiting.clear();
        }
    }

    private synchronized void pause(long nanos) {
        try {
            wait(nanos / 1_000_000 + 1);
        } catch (InterruptedException e) {
            throw new AssertionError("the threads of a shipper are not interrupted", e);
        }
    }

    private synchronized @Nullable Segment take() {
        while (waiting.isEmpty() && !isClosing) {
            pause(Integer.MAX_VALUE * 1_000_000L);
        }
        return waiting.pollFirst();
    }

    private void run() {
        try {
            for (Segment next = take(); next != null; next = take()) {
                index(next);
            }
        } finally {
            synchronized (this) {
                isRunning = false;
                isClosing = true;
                notifyAll();
            }
        }
    }

    private void index(Segment segment) {
        try {
            String id = files.logId().orElseThrow(() -> new IOException("the log has no id"));
            Part part = new Part(segment.number(), segment.firstSequence(), segment.lastSequence(), segment.stored());
            SegmentIndex index = new SegmentIndex(store, id, files.prefix(), keys);
            ReadOptions log = ReadOptions.of(files.storage()).prefix(files.prefix());
            if (index.range(part).isIndexable()
                    && retries.call(() -> index.put(part, log)).isEmpty()) {
                LOG.warn("segment {} has too many different keys for an index", segment.number());
            }
            if (IndexRange.lastOfGroup(segment.number()) == segment.number()) {
                merge(segment.number());
            }
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            // Whatever failed, the next segments can be indexed.
            LOG.warn("segment {} is not indexed; run `index`: {}", segment.number(), e.toString());
        }
    }

    private void merge(long lastSegment) {
        ArchiveReadOptions little = ArchiveReadOptions.defaults().cacheBytes(0).aheadBytes(0);
        try (ArchiveReader archive = ArchiveReader.open(store, little, retries)) {
            archive.mergeIndex(store, keys, lastSegment).forEach(finding -> LOG.warn("index: {}", finding));
        }
    }
}
