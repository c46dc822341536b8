package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Workers;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.restore.RestoreProgress;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Fetches the segments and tails of a log into its staging directory. It belongs to one thread, and starts reader threads.
 *
 * <p>Order matters: a segment that exists in tails only is sealed as soon as it and everything before it is staged, and
 * before anything after it is staged. The active segment is last. With tails of several segments, an incomplete directory
 * may open as a shorter log, but it is ".restore/log" in the target, which is never opened as a log.
 */
final class Fetch implements AutoCloseable {
    /** Limit of the tails that are in memory at the same time; one tail is always allowed. */
    private static final long READ_AHEAD_BYTES = 8L * 1024 * 1024;

    private final ShipLog log;
    private final ObjectFiles objects;
    private final StagedFiles files;
    private final StagedChecks checks;
    private final RestoreProgress progress;
    private final ExecutorService threads;
    private @Nullable ExecutorService ranges;
    private final int parallelism;
    private boolean keepsCheckpoint;
    private long done;
    private long total;

    Fetch(ShipLog log, ObjectFiles objects, StagedFiles files, int parallelism, RestoreProgress progress) {
        this.log = log;
        this.objects = objects;
        this.files = files;
        this.parallelism = parallelism;
        this.checks = new StagedChecks(files.names());
        this.progress = progress;
        this.threads = Workers.start(parallelism, "veloz-wal-restore");
    }

    StagedFiles files() {
        return files;
    }

    StagedChecks checks() {
        return checks;
    }

    /** Keeps the staged checkpoint in {@link #all}. */
    void keepCheckpoint() {
        keepsCheckpoint = true;
    }

    /** Fetches everything that is selected. Returns when all files are durable. */
    void all(RestoreSelection selection) throws IOException {
        total = selection.segmentBytes() + selection.tailBytes();
        deleteUnverifiable(selection);
        fetchInRanges(selection.segments().size());
        List<Segment> segments = selection.segments();
        List<List<TailSlot>> groups = selection.tailsBySegment();
        int next = 0;
        for (int i = 0; i < groups.size(); i++) {
            long number = groups.get(i).get(0).tail().segment();
            int from = next;
            while (next < segments.size() && segments.get(next).number() < number) {
                next++;
            }
            segments(segments.subList(from, next));
            boolean last = i == groups.size() - 1 && next == segments.size();
            tails(groups.get(i), last, selection.isLossy());
        }
        segments(segments.subList(next, segments.size()));
    }

    /** With fewer objects than requests at the same time, each object is fetched by more than one. */
    private void fetchInRanges(int count) {
        int lanes = parallelism / Math.max(1, count);
        if (lanes <= 1) {
            objects.fetchInRanges(null);
            return;
        }
        if (ranges == null) {
            ranges = Workers.start(parallelism, "veloz-wal-range");
        }
        objects.fetchInRanges(new ObjectFiles.Ranges(ranges, lanes));
    }

    /**
     * Deletes the files that an earlier attempt made of tails, which have no digest to verify them, and the files after
     * them, which must not exist before those segments are sealed. Across a lossy gap nothing is sealed.
     */
    private void deleteUnverifiable(RestoreSelection selection) throws IOException {
        boolean all = selection.isLossy() || selection.tails().isEmpty();
        long before = all ? Long.MAX_VALUE : selection.tails().get(0).tail().segment();
        Set<String> kept = selection.segments().stream()
                .filter(segment -> segment.number() < before)
                .map(segment -> files.names().sealedName(segment.number()))
                .collect(Collectors.toSet());
        if (keepsCheckpoint) {
            kept.add(files.names().checkpointName());
        }
        files.retain(kept);
    }

    // ---- segments and checkpoints

    private void segments(List<Segment> segments) throws IOException {
        Queue<Future<Boolean>> running = new ArrayDeque<>();
        AtomicReference<@Nullable Exception> failed = new AtomicReference<>();
        try {
            for (Segment segment : segments) {
                if (running.size() >= 2 * parallelism) {
                    Workers.await(running.remove());
                }
                running.add(threads.submit(unlessFailed(failed, () -> {
                    checks.check(stage(segment));
                    advance(segment.fileBytes());
                    return true;
                })));
            }
            while (!running.isEmpty()) {
                Workers.await(running.remove());
            }
        } finally {
            running.forEach(future -> future.cancel(false));
        }
        files.force();
    }

    /** Stages one segment. {@link #all} keeps it if it is staged before. Returns the name of the file. */
    String stage(Segment segment) throws IOException {
        String name = files.names().sealedName(segment.number());
        try {
            files.stage(name, segment.stored());
        } catch (BadObjectException e) {
            throw new DamagedObjectException(e.key(segment.key()), segment.firstSequence(), segment.lastSequence(), e);
        }
        return name;
    }

    /** Stages a checkpoint. Returns when it is durable. */
    void stage(Attachment checkpoint) throws IOException {
        fetchInRanges(1);
        try {
            files.stage(files.names().checkpointName(), checkpoint.stored());
        } catch (BadObjectException e) {
            throw new DamagedObjectException(checkpoint.key(), -1, -1, e);
        }
        files.force();
    }

    private synchronized void advance(long bytes) {
        done += bytes;
        progress.update(RestoreProgress.Stage.FETCH, done, total);
    }

    // ---- tails

    /** Stages the tails of one segment before {@link #all}, which fetches them again. Returns the name of the file. */
    String stageTails(List<TailSlot> tails) throws IOException {
        tails(tails, true, false);
        return files.names().currentName();
    }

    /**
     * Stages the tails of one segment. Across a lossy gap the segment stays without a footer, because only its readable
     * records are copied.
     */
    private void tails(List<TailSlot> tails, boolean last, boolean lossy) throws IOException {
        long number = tails.get(0).tail().segment();
        String current = files.names().currentName();
        String name = lossy && !last ? files.names().sealedName(number) : current;
        files.create(current, name, sink -> contents(tails, sink));
        if (!lossy && !last) {
            files.names().sealCurrent();
        }
    }

    private void contents(List<TailSlot> tails, ObjectFiles.Sink sink) throws IOException {
        Queue<TailSlot> waiting = new ArrayDeque<>(tails);
        Queue<Future<SlotCodec.Decoded>> running = new ArrayDeque<>();
        AtomicReference<@Nullable Exception> failed = new AtomicReference<>();
        long ahead = 0;
        try {
            for (TailSlot tail : tails) {
                while (!waiting.isEmpty()
                        && (running.isEmpty() || ahead + size(waiting.element()) <= READ_AHEAD_BYTES)) {
                    TailSlot next = waiting.remove();
                    ahead += size(next);
                    running.add(threads.submit(unlessFailed(failed, () -> content(next))));
                }
                byte[] content = Workers.await(running.remove()).content();
                sink.write(content, content.length);
                ahead -= size(tail);
                advance(content.length);
            }
        } finally {
            running.forEach(future -> future.cancel(false));
        }
    }

    private static long size(TailSlot slot) {
        return slot.tail().endPosition() - slot.tail().position();
    }

    /** Reads a slot again. It must be the slot that was proven. */
    private SlotCodec.Decoded content(TailSlot slot) throws IOException {
        Tail tail = slot.tail();
        String key = ArchiveKeys.slot(slot.slot());
        AtomicBoolean disappeared = new AtomicBoolean();
        try {
            return objects.retries().call(() -> {
                Optional<SlotCodec.Decoded> found = log.slot(slot.slot());
                disappeared.set(found.isEmpty());
                SlotCodec.Decoded decoded = found.orElseThrow(
                        () -> new BadObjectException(key + ": the object disappeared while it was read"));
                if (!decoded.sha256().equals(slot.sha256())) {
                    throw new BadObjectException(
                            "SHA-256 mismatch in " + key + ": expected " + slot.sha256() + ", got " + decoded.sha256());
                }
                objects.count(decoded.content().length);
                return decoded;
            });
        } catch (BadObjectException e) {
            throw new DamagedObjectException(key, tail.firstSequence(), tail.lastSequence(), e, disappeared.get());
        }
    }

    // ---- threads

    /**
     * Returns a task that fails without a request once another task has failed. Otherwise an unavailable store would receive
     * the requests of every queued task, with all retries, before the calling thread receives the first failure.
     */
    private static <T> Callable<T> unlessFailed(AtomicReference<@Nullable Exception> failed, Callable<T> task) {
        return () -> {
            Exception first = failed.get();
            if (first != null) {
                throw first;
            }
            try {
                return task.call();
            } catch (Exception e) {
                failed.compareAndSet(null, e);
                throw e;
            }
        };
    }

    @Override
    public void close() {
        // Running tasks complete: their files have temporary names.
        Workers.end(threads);
        if (ranges != null) {
            objects.fetchInRanges(null);
            Workers.end(ranges);
            ranges = null;
        }
    }
}
