package io.veloz.wal.internal.commit;

import io.veloz.wal.internal.commit.Handover.Prepared;
import io.veloz.wal.internal.commit.Handover.StoppedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.segment.SegmentMaker;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageFullException;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The making of the next segment, ahead of its use, and as many attempts as it takes. It belongs to the housekeeping
 * thread.
 */
final class Preparation {
    private static final long FIRST_RETRY_NANOS = 50_000_000;
    private static final long LAST_RETRY_NANOS = 1_000_000_000;

    /** So often in a row it may fail, for another reason than room, while somebody waits for it. */
    private static final int FATAL_ATTEMPTS = 10;

    private final Storage storage;
    private final SegmentNames names;
    private final Settings settings;
    private final Handover handover;
    private final FullDisk fullDisk;
    private final LockWatch lockWatch;
    private final Notifier notifier;
    private final SecureRandom random = new SecureRandom();
    private long nextNumber;

    record Settings(LogId logId, long segmentBytes, int maxBatchBytes, LongSupplier wallClockNanos) {}

    Preparation(
            Storage storage,
            SegmentNames names,
            Settings settings,
            long nextNumber,
            Handover handover,
            FullDisk fullDisk,
            LockWatch lockWatch,
            Notifier notifier) {
        this.storage = storage;
        this.names = names;
        this.settings = settings;
        this.nextNumber = nextNumber;
        this.handover = handover;
        this.fullDisk = fullDisk;
        this.lockWatch = lockWatch;
        this.notifier = notifier;
    }

    /** Null if the log is ending. */
    @Nullable
    Prepared next() throws IOException {
        SegmentHeader header = new SegmentHeader(
                        settings.logId(),
                        nextNumber,
                        random.nextLong(),
                        settings.segmentBytes(),
                        settings.maxBatchBytes(),
                        settings.wallClockNanos().getAsLong())
                .withEndMarks();
        StorageFile file = fillUntilItSucceeds(header);
        if (file == null) {
            return null;
        }
        @Nullable Prepared prepared = null;
        try {
            publish();
            nextNumber++;
            prepared = new Prepared(file, header);
        } catch (StoppedException e) {
            // As after a crash: the next open removes it.
        } finally {
            if (prepared == null) {
                file.close();
            }
        }
        return prepared;
    }

    private @Nullable StorageFile fillUntilItSucceeds(SegmentHeader header) throws IOException {
        long retryNanos = FIRST_RETRY_NANOS;
        int attempts = 0;
        while (true) {
            try {
                StorageFile file = SegmentMaker.fill(storage, names, header, handover::yieldToCommits);
                fullDisk.end();
                return file;
            } catch (StoppedException e) {
                return null;
            } catch (StorageFullException e) {
                fullDisk.begin(e);
                attempts = 0;
            } catch (IOException e) {
                notifier.event(listener -> listener.onPrepareFailed(e.toString()));
                attempts = handover.isAwaited() ? attempts + 1 : 0;
                if (attempts >= FATAL_ATTEMPTS) {
                    throw e;
                }
            }
            lockWatch.look();
            if (!handover.pause(retryNanos)) {
                return null;
            }
            retryNanos = Math.min(LAST_RETRY_NANOS, retryNanos * 2);
        }
    }

    private void publish() throws IOException {
        if (storage.list().contains(names.prepared())) {
            throw new IllegalStateException(names.prepared() + " is in use; expected it to have been renamed");
        }
        fullDisk.whenThereIsRoom(() -> {
            storage.rename(names.preparing(), names.prepared());
            return true;
        });
        storage.forceDirectory();
    }
}
