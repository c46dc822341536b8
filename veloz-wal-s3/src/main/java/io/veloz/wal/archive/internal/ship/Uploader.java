package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Uploads files of the log, each as one object, or a large segment in parts. Runs one upload at a time on another thread, so that tails do not wait for
 * it, and applies a backoff after a failure. An uploaded object counts only once a slot commits it. The instance methods are
 * confined to one thread.
 */
final class Uploader {
    private final LocalLog log;
    private final ObjectStore store;
    private final EncryptedUploads contents;
    private final RateLimiter limiter;
    private final long partBytes;
    private final Executor executor;
    private final Runnable onEnd;
    private final Backoff backoff;
    private final LongSupplier nanoTime;
    private @Nullable FutureTask<Part> running;
    private long startedAt;
    private long retryAt;
    private boolean isFailing;

    /** Whether the upload that has ended was running before the store answered again. */
    private boolean isOutdated;

    /**
     * @param contents reads the files
     * @param partBytes the size of the parts of large segments
     * @param executor runs an upload on another thread, and some of its parts on further ones
     * @param onEnd called on that thread when an upload has ended
     */
    Uploader(
            LocalLog log,
            ObjectStore store,
            EncryptedUploads contents,
            RateLimiter limiter,
            long partBytes,
            Executor executor,
            Runnable onEnd,
            Backoff backoff,
            LongSupplier nanoTime) {
        this.log = log;
        this.store = store;
        this.contents = contents;
        this.limiter = limiter;
        this.partBytes = partBytes;
        this.executor = executor;
        this.onEnd = onEnd;
        this.backoff = backoff;
        this.nanoTime = nanoTime;
        this.retryAt = nanoTime.getAsLong();
    }

    boolean isIdle() {
        return running == null;
    }

    boolean hasEnded() {
        return running != null && running.isDone();
    }

    /** Returns the rest of the backoff; 0 if an upload may start. */
    long nanosToRetry() {
        return Math.max(0, retryAt - nanoTime.getAsLong());
    }

    /** Returns whether the last upload failed, and the next one has not begun. */
    boolean waitsAfterFailure() {
        return isFailing && isIdle();
    }

    /** The store answers again. An upload that failed before is started again without a delay. */
    void storeAnswers() {
        retryAt = nanoTime.getAsLong();
        isOutdated = hasEnded();
    }

    /** Returns how long the upload that runs has taken; 0 if none runs. */
    long runningNanos() {
        return running == null ? 0 : nanoTime.getAsLong() - startedAt;
    }

    void start(SealedSegment segment, long epoch) {
        PartLayout layout = PartLayout.of(segment.dataBytes(), segment.fileBytes(), partBytes);
        start(() -> upload(log, store, contents, segment, layout, epoch, limiter, executor));
    }

    void start(WalCheckpoint checkpoint, long epoch) {
        start(() -> upload(log, store, contents, checkpoint, epoch, limiter));
    }

    private void start(Callable<Part> upload) {
        FutureTask<Part> task = new FutureTask<>(upload) {
            @Override
            protected void done() {
                onEnd.run();
            }
        };
        startedAt = nanoTime.getAsLong();
        // Order matters: if the thread cannot be started this throws, no upload is running, and it is retried.
        executor.execute(task);
        running = task;
    }

    /**
     * Returns the part of the slot that commits the upload that has ended.
     *
     * @throws IOException if the upload failed; start it again after {@link #nanosToRetry}
     */
    Part take() throws IOException {
        FutureTask<Part> ended = running;
        if (ended == null || !ended.isDone()) {
            throw new IllegalStateException("no upload has ended");
        }
        running = null;
        boolean retriesNow = isOutdated;
        isOutdated = false;
        try {
            Part part = ended.get();
            isFailing = false;
            backoff.succeeded();
            return part;
        } catch (ExecutionException e) {
            IOException failure =
                    e.getCause() instanceof IOException cause ? cause : new IOException("upload: " + e.getCause(), e);
            isFailing = true;
            retryAt = nanoTime.getAsLong() + (retriesNow ? 0 : backoff.nanosAfter(failure));
            throw failure;
        } catch (InterruptedException e) {
            throw new AssertionError("the task is done", e);
        }
    }

    // ---- one upload

    /** Uploads a sealed segment, after its checksums were verified: an archive of damaged records could not be restored. */
    static Part upload(
            LocalLog log,
            ObjectStore store,
            EncryptedUploads contents,
            SealedSegment segment,
            PartLayout layout,
            long epoch,
            RateLimiter limiter,
            Executor executor)
            throws IOException {
        String key = ArchiveKeys.segment(log.files().prefix(), segment.number(), epoch);
        check(log, segment);
        FileUpload content =
                contents.content(key, keys -> FileUpload.read(log.files(), segment.file(), limiter, key, layout, keys));
        if (content.fileBytes() != segment.fileBytes()) {
            throw new IOException(log.describe() + "/" + segment.file() + ": " + content.fileBytes()
                    + " bytes; expected " + segment.fileBytes() + ": the file has changed and is not archived");
        }
        return new Segment(
                segment.number(),
                put(store, contents, key, content, executor),
                segment.dataBytes(),
                segment.firstSequence(),
                segment.lastSequence(),
                segment.records(),
                segment.minTimestampNanos(),
                segment.maxTimestampNanos());
    }

    private static void check(LocalLog log, SealedSegment segment) throws IOException {
        try {
            log.files().check(segment);
        } catch (WalException e) {
            throw new IOException(e.getMessage() + ": the segment is damaged and is not archived", e);
        }
    }

    /** Uploads a checkpoint. */
    static Part upload(
            LocalLog log,
            ObjectStore store,
            EncryptedUploads contents,
            WalCheckpoint checkpoint,
            long epoch,
            RateLimiter limiter)
            throws IOException {
        String key = ArchiveKeys.checkpoint(checkpoint.sequence(), epoch);
        FileUpload content = contents.content(
                key, keys -> FileUpload.read(log.files(), checkpoint.file(), limiter, key, PartLayout.WHOLE, keys));
        if (!log.has(checkpoint)) {
            throw new IOException(log.describe() + "/" + checkpoint.file() + " was replaced by a newer checkpoint");
        }
        return new Attachment("checkpoint", checkpoint.sequence(), put(store, contents, key, content, Runnable::run));
    }

    private static StoredFile put(
            ObjectStore store, EncryptedUploads contents, String key, FileUpload content, Executor executor)
            throws IOException {
        contents.begins(key, content);
        content.put(store, executor);
        contents.stored(key);
        return content.stated();
    }
}
