package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Workers;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.restore.RestoreProgress;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Puts the files of a log into a directory, each of them whole or not at all. It belongs to one thread, and has others that
 * fetch.
 *
 * <p>Order matters: what there is only in tails is sealed as soon as it is there, with what comes before it, and nothing that
 * comes after. The active segment is last. A directory that holds less may open as a shorter log for moments, when there are
 * tails of several segments; but it is ".restore/log" in the target, and nothing opens that as a log.
 *
 * <p>Each directory is listed once: what the lists have shown changes only by what is done here.
 */
final class Fetch implements AutoCloseable {
    private static final int CHUNK_BYTES = 256 * 1024;
    private static final String TEMPORARY = ".tmp";

    /** Of tails that are in memory at the same time; one is always allowed. */
    private static final long AHEAD_BYTES = 8L * 1024 * 1024;

    private final ShipLog log;
    private final ObjectFiles objects;
    private final Storage storage;
    private final LogFiles files;
    private final @Nullable Storage local;
    private final Set<String> staged = ConcurrentHashMap.newKeySet();
    private final Set<String> fetched = ConcurrentHashMap.newKeySet();
    private final Set<String> localNames;
    private final RestoreProgress progress;
    private final ExecutorService threads;
    private final int parallelism;
    private long done;
    private long total;
    private int reused;

    /** @param local what may have some of the files already; null if nothing has */
    Fetch(
            ShipLog log,
            ObjectFiles objects,
            Storage storage,
            String prefix,
            @Nullable Storage local,
            int parallelism,
            RestoreProgress progress)
            throws IOException {
        this.log = log;
        this.objects = objects;
        this.storage = storage;
        this.files = LogFiles.of(storage, prefix);
        this.local = local;
        this.parallelism = parallelism;
        this.progress = progress;
        this.localNames = local == null ? Set.of() : Set.copyOf(local.list());
        removeTemporary();
        this.threads = Workers.start(parallelism, "veloz-wal-restore");
    }

    /** Of files that an earlier attempt did not complete. */
    private void removeTemporary() throws IOException {
        for (String name : storage.list()) {
            if (name.endsWith(TEMPORARY)) {
                storage.delete(name);
            } else {
                staged.add(name);
            }
        }
    }

    LogFiles files() {
        return files;
    }

    int reused() {
        return reused;
    }

    /** Returns when all of it is on disk, under its names. */
    void all(Wanted wanted) throws IOException {
        total = wanted.segmentBytes() + wanted.tailBytes();
        removeUnsealed(wanted);
        List<Segment> segments = wanted.segments();
        List<List<TailSlot>> groups = wanted.tailsBySegment();
        int next = 0;
        for (int i = 0; i < groups.size(); i++) {
            long number = groups.get(i).get(0).tail().segment();
            int from = next;
            while (next < segments.size() && segments.get(next).number() < number) {
                next++;
            }
            segments(segments.subList(from, next));
            boolean last = i == groups.size() - 1 && next == segments.size();
            tails(groups.get(i), last, wanted.isLossy());
        }
        segments(segments.subList(next, segments.size()));
    }

    /**
     * Made of tails by an earlier attempt: there is no digest to know it by. And what follows such a segment, which has to be
     * sealed before that is there; over a gap with losses nothing is sealed.
     */
    private void removeUnsealed(Wanted wanted) throws IOException {
        boolean all = wanted.isLossy() || wanted.tails().isEmpty();
        long before = all ? Long.MAX_VALUE : wanted.tails().get(0).tail().segment();
        List<String> sealed = wanted.segments().stream()
                .filter(segment -> segment.number() < before)
                .map(segment -> files.sealedName(segment.number()))
                .toList();
        Set<String> kept = new HashSet<>(sealed);
        // Listed again: sealing and completing make names, too.
        for (String name : storage.list()) {
            if (!kept.contains(name)) {
                storage.delete(name);
            }
        }
        staged.retainAll(kept);
    }

    /** Stages the tails of one segment ahead of {@link #all}, which fetches them again. Returns the name of the file. */
    String stageTails(List<TailSlot> tails) throws IOException {
        tails(tails, true, false);
        return files.currentName();
    }

    private void segments(List<Segment> segments) throws IOException {
        Queue<Future<Boolean>> running = new ArrayDeque<>();
        AtomicReference<@Nullable Exception> failed = new AtomicReference<>();
        try {
            for (Segment segment : segments) {
                if (running.size() >= 2 * parallelism) {
                    await(running.remove());
                }
                running.add(threads.submit(untilOneFails(failed, () -> segment(segment))));
            }
            while (!running.isEmpty()) {
                await(running.remove());
            }
        } finally {
            running.forEach(future -> future.cancel(false));
        }
        storage.forceDirectory();
    }

    private boolean segment(Segment segment) throws IOException {
        String name = files.sealedName(segment.number());
        try {
            file(name, segment.stored());
        } catch (BadObjectException e) {
            throw new DamagedObjectException(segment.key(), segment.firstSequence(), segment.lastSequence(), e);
        }
        advance(segment.fileBytes());
        return true;
    }

    /** Stages one segment of the archive ahead of {@link #all}, which keeps it. Returns its name. */
    String stage(Segment segment) throws IOException {
        String name = files.sealedName(segment.number());
        try {
            file(name, segment.stored());
        } catch (BadObjectException e) {
            throw new DamagedObjectException(segment.key(), segment.firstSequence(), segment.lastSequence(), e);
        }
        return name;
    }

    private synchronized void advance(long bytes) {
        done += bytes;
        progress.update(RestoreProgress.Stage.FETCH, done, total);
    }

    private synchronized void reuse() {
        reused++;
    }

    private void file(String name, StoredFile expected) throws IOException {
        if (staged.contains(name) && isWhole(storage, name, expected)) {
            if (!fetched.contains(name)) {
                reuse();
            }
            return;
        }
        String temporary = "." + name + TEMPORARY;
        try (FileSink sink = new FileSink(storage, temporary)) {
            if (local != null && localNames.contains(name) && isWhole(local, name, expected)) {
                copy(local, name, sink);
                reuse();
            } else {
                objects.read(expected, sink);
            }
            sink.finish();
        }
        storage.rename(temporary, name);
        fetched.add(name);
        staged.add(name);
    }

    private static boolean isWhole(Storage where, String name, StoredFile expected) throws IOException {
        try (StorageFile file = where.openForReading(name)) {
            return file.size() == expected.fileBytes()
                    && LocalBytes.digest(file, 0, expected.fileBytes()).equals(expected.fileSha256());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Removes a checkpoint that was fetched and is none. */
    void removeCheckpoint() throws IOException {
        storage.delete(files.checkpointName());
        storage.forceDirectory();
        staged.remove(files.checkpointName());
    }

    /** A file of the log that was there before. */
    void copyLocal(String name) throws IOException {
        String temporary = "." + name + TEMPORARY;
        try (FileSink sink = new FileSink(storage, temporary)) {
            copy(Objects.requireNonNull(local), name, sink);
            sink.finish();
        }
        storage.rename(temporary, name);
        storage.forceDirectory();
    }

    private static void copy(Storage from, String name, FileSink sink) throws IOException {
        sink.restart();
        byte[] chunk = new byte[CHUNK_BYTES];
        try (InputStream in = io.veloz.wal.storage.StorageInputStream.of(from, name)) {
            for (int got = in.read(chunk); got >= 0; got = in.read(chunk)) {
                sink.write(chunk, got);
            }
        }
    }

    /** Returns when the checkpoint is on disk. */
    void checkpoint(Attachment checkpoint) throws IOException {
        try {
            file(files.checkpointName(), checkpoint.stored());
        } catch (BadObjectException e) {
            throw new DamagedObjectException(checkpoint.key(), -1, -1, e);
        }
        storage.forceDirectory();
    }

    /** Of one segment. Over a gap with losses it stays without a footer: only what can be read is copied from there. */
    private void tails(List<TailSlot> tails, boolean last, boolean lossy) throws IOException {
        String temporary = "." + files.currentName() + TEMPORARY;
        try (FileSink sink = new FileSink(storage, temporary)) {
            sink.restart();
            contents(tails, sink);
            sink.finish();
        }
        long number = tails.get(0).tail().segment();
        storage.rename(temporary, lossy && !last ? files.sealedName(number) : files.currentName());
        storage.forceDirectory();
        if (!lossy && !last) {
            files.sealCurrent();
        }
    }

    private void contents(List<TailSlot> tails, FileSink sink) throws IOException {
        Queue<TailSlot> waiting = new ArrayDeque<>(tails);
        Queue<Future<SlotCodec.Decoded>> running = new ArrayDeque<>();
        AtomicReference<@Nullable Exception> failed = new AtomicReference<>();
        long ahead = 0;
        try {
            for (TailSlot tail : tails) {
                while (!waiting.isEmpty() && (running.isEmpty() || ahead + size(waiting.element()) <= AHEAD_BYTES)) {
                    TailSlot next = waiting.remove();
                    ahead += size(next);
                    running.add(threads.submit(untilOneFails(failed, () -> content(next))));
                }
                byte[] content = await(running.remove()).content();
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

    /** The slot once more, which must be the one that was proven. */
    SlotCodec.Decoded content(TailSlot slot) throws IOException {
        Tail tail = slot.tail();
        String key = ArchiveKeys.slot(slot.slot());
        AtomicBoolean vanished = new AtomicBoolean();
        try {
            return objects.retries().call(() -> {
                Optional<SlotCodec.Decoded> found = log.slot(slot.slot());
                vanished.set(found.isEmpty());
                SlotCodec.Decoded decoded = found.orElseThrow(
                        () -> new BadObjectException(key + ": the object disappeared while it was read"));
                if (!decoded.sha256().equals(slot.sha256())) {
                    throw new BadObjectException(key + ": SHA-256 " + decoded.sha256() + "; expected " + slot.sha256());
                }
                objects.count(decoded.content().length);
                return decoded;
            });
        } catch (BadObjectException e) {
            throw new DamagedObjectException(key, tail.firstSequence(), tail.lastSequence(), e, vanished.get());
        }
    }

    /**
     * A task that fails as another has failed already, without a request. Otherwise a store that went away would get the requests of each task
     * in the queue, with all their retries, before the first failure is seen by the thread that takes the results.
     */
    private static <T> Callable<T> untilOneFails(AtomicReference<@Nullable Exception> failed, Callable<T> task) {
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

    private static <T> T await(Future<T> future) throws IOException {
        try {
            return future.get();
        } catch (InterruptedException e) {
            throw new IllegalStateException("this thread cannot be interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) {
                throw io;
            } else if (e.getCause() instanceof RuntimeException runtime) {
                throw runtime;
            } else if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        // What still runs ends by itself: its files have no names yet.
        threads.shutdown();
        boolean ended = false;
        while (!ended) {
            try {
                ended = threads.awaitTermination(1, TimeUnit.HOURS);
            } catch (InterruptedException e) {
                throw new IllegalStateException("this thread cannot be interrupted", e);
            }
        }
    }

    static final class FileSink implements ObjectFiles.Sink, AutoCloseable {
        private final Storage storage;
        private final String name;
        private @Nullable StorageFile file;
        private long position;
        private boolean finished;

        FileSink(Storage storage, String name) {
            this.storage = storage;
            this.name = name;
        }

        @Override
        public void restart() throws IOException {
            close();
            file = storage.create(name);
            position = 0;
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            open().writeFully(ByteBuffer.wrap(bytes, 0, length), position);
            position += length;
        }

        /** Returns when it is on disk. */
        void finish() throws IOException {
            open().force();
            finished = true;
        }

        private StorageFile open() {
            return Objects.requireNonNull(file);
        }

        /** Removes the file if it was not finished. */
        @Override
        public void close() throws IOException {
            if (file != null) {
                file.close();
                file = null;
                if (!finished) {
                    storage.delete(name);
                }
            }
        }
    }
}
