package io.veloz.wal.archive;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.index.IndexRange;
import io.veloz.wal.archive.internal.index.IndexRange.Part;
import io.veloz.wal.archive.internal.index.SegmentIndex;
import io.veloz.wal.archive.internal.io.Signal;
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

    private final Signal signal = new Signal();

    /** Guarded by this. */
    private final Deque<Segment> waiting = new ArrayDeque<>();

    private volatile boolean isClosing;
    private volatile boolean hasEnded = true;

    IndexThread(LogFiles files, ObjectStore store, RecordKeys keys, Retries retries) {
        this.files = files;
        this.store = store;
        this.keys = keys;
        this.retries = retries;
        this.thread = new UninterruptibleThread(
                this::run, "veloz-wal-index " + files.storage().describe());
    }

    void start() {
        hasEnded = false;
        thread.start();
    }

    /** Indexes a segment some time later. */
    void committed(Segment segment) {
        @Nullable Segment dropped;
        synchronized (this) {
            dropped = waiting.size() == MAX_WAITING ? waiting.removeFirst() : null;
            waiting.addLast(segment);
        }
        signal.raise();
        if (dropped != null) {
            LOG.warn("segment {} is not indexed, as {} others wait; run `index`", dropped.number(), MAX_WAITING);
        }
    }

    /** Ends when the waiting segments are indexed, or after a time. */
    void close(long timeoutNanos) {
        isClosing = true;
        signal.raise();
        signal.await(() -> hasEnded, timeoutNanos);
        int left = discard();
        if (left > 0) {
            LOG.warn("{} segments are not indexed yet; run `index`", left);
        }
    }

    private synchronized int discard() {
        int left = waiting.size();
        waiting.clear();
        return left;
    }

    private synchronized @Nullable Segment poll() {
        return waiting.pollFirst();
    }

    private synchronized boolean isEmpty() {
        return waiting.isEmpty();
    }

    private void run() {
        try {
            while (!isClosing || !isEmpty()) {
                @Nullable Segment next = poll();
                if (next == null) {
                    signal.await(() -> isClosing || !isEmpty(), Long.MAX_VALUE);
                } else {
                    index(next);
                }
            }
        } finally {
            hasEnded = true;
            signal.raise();
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
