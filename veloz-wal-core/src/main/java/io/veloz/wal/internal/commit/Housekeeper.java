package io.veloz.wal.internal.commit;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalListener;
import io.veloz.wal.internal.commit.Handover.Prepared;
import io.veloz.wal.internal.commit.Handover.StoppedException;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.jfr.JfrEvents;
import io.veloz.wal.internal.jfr.PreparationEvent;
import io.veloz.wal.internal.jfr.SealEvent;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.segment.SegmentMaker;
import io.veloz.wal.internal.segment.SegmentSealer;
import io.veloz.wal.internal.stats.CommitStats;
import io.veloz.wal.internal.stats.GcTime;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.storage.StorageLock;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The housekeeping thread: prepares the next segment ahead of its use, seals and renames the last one after a roll, and
 * checks the lock of the log. So a roll costs the commit thread no I/O but the
 * force of records that were appended with a relaxed durability.
 *
 * <p>Crash table of the roll from segment n to n+1. The left column is the last step before the crash, the right one the
 * state that the next open finds, and its action:
 *
 * <pre>
 *   n+1 written to, under the prepared name     n is current and unsealed: seal, rename both
 *   footer of n written, in part or completely  the data of n is proven by the first batch of n+1: seal again
 *   n renamed to its number, directory forced   no current: the prepared one is renamed
 *   n+1 renamed to current, directory forced    done
 * </pre>
 *
 * The directory is forced between the two renames. Renames may become durable in any order. If only the second one did, it
 * would take the current name from n before n has another name.
 */
public final class Housekeeper implements Runnable {
    /** The longest time between two checks of the lock, unless a piece of work takes longer. */
    private static final long LOCK_CHECK_NANOS = 1_000_000_000;

    private static final long DISK_FULL_RETRY_NANOS = 1_000_000_000;
    private static final long FIRST_RETRY_NANOS = 50_000_000;
    private static final long LAST_RETRY_NANOS = 1_000_000_000;

    /** The log fails after this many failed preparations in a row, for another reason than space, while a thread waits. */
    private static final int FATAL_ATTEMPTS = 10;

    private final Storage storage;
    private final SegmentNames names;
    private final StorageLock lock;
    private final Settings settings;
    private final SealedSegments sealedSegments;
    private final Handover handover;
    private final CommitState state;
    private final CommitStats stats;
    private final Notifier notifier;
    private final Thread thread;
    private final SecureRandom random = new SecureRandom();

    /** Not a literal at its use, see {@link CommitState#fail}. */
    private final String failure;

    // Used by the housekeeping thread only.
    private long nextNumber;
    private long nextBytes;
    private Sha256 lastFooter;

    /**
     * Settings of the segments that the thread prepares.
     *
     * @param segmentBytes the size to which the segments grow
     */
    public record Settings(LogId logId, long segmentBytes, int maxBatchBytes, LongSupplier wallClockNanos) {}

    /**
     * Creates the thread.
     *
     * @param active the active segment, before the first one to prepare
     * @param lastFooter the SHA-256 of the footer of the last sealed segment
     */
    public Housekeeper(
            Storage storage,
            SegmentNames names,
            StorageLock lock,
            Settings settings,
            SegmentHeader active,
            Sha256 lastFooter,
            SealedSegments sealedSegments,
            Handover handover,
            CommitState state,
            CommitStats stats,
            Notifier notifier,
            String threadName) {
        this.storage = storage;
        this.names = names;
        this.lock = lock;
        this.settings = settings;
        this.nextNumber = active.number() + 1;
        this.nextBytes = SegmentMaker.nextBytes(active.segmentBytes(), settings.segmentBytes());
        this.lastFooter = lastFooter;
        this.sealedSegments = sealedSegments;
        this.handover = handover;
        this.state = state;
        this.stats = stats;
        this.notifier = notifier;
        this.failure = "housekeeping failed";
        this.thread = new UninterruptibleThread(this, threadName);
    }

    void start(Consumer<Thread> starter) {
        starter.accept(thread);
    }

    // ---- any thread

    boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    /** Waits for the end of the thread after {@link Handover#stop}. */
    boolean join(long timeoutNanos) {
        return Threads.join(thread, timeoutNanos);
    }

    /**
     * Fails the log if its lock has been lost: the lock file or the directory was removed, so another process may have
     * opened the log. Not for the commit thread, which waits for its own file only.
     */
    void checkLock() {
        @Nullable String lost = state.hasFailed() ? null : lock.lostBecause();
        if (lost != null) {
            state.fail(lost, null);
        }
    }

    // ---- the housekeeping thread

    @Override
    public void run() {
        try {
            while (step()) {
                // Each step is one piece of work.
            }
        } catch (Throwable t) {
            state.fail(failure, t);
        } finally {
            end();
        }
    }

    private boolean step() throws IOException {
        Handover.Work work = handover.awaitWork(LOCK_CHECK_NANOS);
        // Before each piece of work: another writer may have other files under the names that are about to change.
        checkLock();
        if (work.end() || state.hasFailed()) {
            return false;
        }
        if (work.toSeal() != null) {
            return seal(work.toSeal());
        }
        if (work.prepare()) {
            @Nullable Prepared next = prepare();
            if (next != null) {
                handover.offer(next);
            }
        } else {
            // While there is no other work, because it takes long.
            GcTime.load();
        }
        return true;
    }

    private void end() {
        state.endSealing();
        try {
            handover.closeFiles();
        } catch (Throwable t) {
            // Nothing in these files waits for a force: one is blank, the other was forced before the roll.
            notifier.closeFailed("close of a segment", t);
        }
    }

    // ---- seal

    /** Returns false if the log is stopping and the disk is full: the next open seals the segment, as after a crash. */
    private boolean seal(SegmentFile segment) throws IOException {
        SegmentReport report;
        @Nullable SealEvent event = JfrEvents.beginSeal();
        try {
            report = retryWhileFull(() -> writeFooter(segment));
            segment.close();
            String sealed = names.sealed(segment.segment().number());
            retryWhileFull(() -> rename(names.current(), sealed));
            storage.forceDirectory();
            retryWhileFull(() -> rename(names.prepared(), names.current()));
            storage.forceDirectory();
            sealedSegments.add(report);
        } catch (StoppedException e) {
            return false;
        }
        stats.roll();
        if (event != null) {
            JfrEvents.record(() -> event.end(storage.describe(), report));
        }
        handover.sealed();
        notifier.event(listener -> listener.onRolled(report));
        state.sealed.open(segment.content().lastSequence());
        return true;
    }

    private SegmentReport writeFooter(SegmentFile segment) throws IOException {
        Footer footer = SegmentSealer.seal(segment, lastFooter);
        lastFooter = Sha256.of(footer.encode());
        return SegmentReport.builder(names.sealed(footer.number()), footer.number(), SegmentReport.Verdict.SEALED)
                .records(footer.firstSequence(), footer.lastSequence(), footer.recordCount())
                .timestampNanos(footer.minTimestampNanos(), footer.maxTimestampNanos())
                .bytes(footer.dataEnd(), footer.dataEnd() + footer.encode().remaining())
                .build();
    }

    private boolean rename(String from, String to) throws IOException {
        storage.rename(from, to);
        return true;
    }

    // ---- prepare

    /** Returns the next segment, with its name and durable; null if the log is ending. */
    private @Nullable Prepared prepare() throws IOException {
        @Nullable PreparationEvent event = JfrEvents.beginPreparation();
        SegmentHeader header = new SegmentHeader(
                        settings.logId(),
                        nextNumber,
                        random.nextLong(),
                        nextBytes,
                        settings.maxBatchBytes(),
                        settings.wallClockNanos().getAsLong())
                .prepared();
        SegmentMaker.@Nullable Filled filled = fill(header);
        if (filled == null) {
            return null;
        }
        @Nullable Prepared prepared = null;
        try {
            publish();
            nextNumber++;
            nextBytes = SegmentMaker.nextBytes(filled.header().segmentBytes(), settings.segmentBytes());
            prepared = new Prepared(filled.file(), filled.header());
            if (event != null) {
                JfrEvents.record(() -> event.end(
                        storage.describe(), header.number(), filled.header().segmentBytes()));
            }
        } catch (StoppedException e) {
            // The file remains, as after a crash, and the next open removes it.
        } finally {
            if (prepared == null) {
                filled.file().close();
            }
        }
        return prepared;
    }

    /** Creates the file of the next segment, with retries and backoff; null if the log is ending. */
    private SegmentMaker.@Nullable Filled fill(SegmentHeader header) throws IOException {
        long retryNanos = FIRST_RETRY_NANOS;
        int attempts = 0;
        while (true) {
            try {
                SegmentMaker.Filled filled = SegmentMaker.fill(storage, names, header, pace(header.segmentBytes()));
                diskFullEnded();
                return filled;
            } catch (StoppedException e) {
                return null;
            } catch (StorageFullException e) {
                diskFull(e);
                attempts = 0;
            } catch (IOException e) {
                handover.prepareFailed();
                notifier.event(listener -> listener.onPrepareFailed(e.toString()));
                attempts = handover.isAwaited() ? attempts + 1 : 0;
                if (attempts >= FATAL_ATTEMPTS) {
                    throw e;
                }
            }
            checkLock();
            if (!handover.pause(retryNanos)) {
                return null;
            }
            retryNanos = Math.min(LAST_RETRY_NANOS, retryNanos * 2);
        }
    }

    /** The pace of the next segment, which is to have a size. */
    private SegmentMaker.Pace pace(long bytes) {
        return new SegmentMaker.Pace() {
            @Override
            public boolean isFast(long filledBytes, long chunkNanos) throws IOException {
                return handover.pace((double) filledBytes / bytes, usedShare(), chunkNanos);
            }

            /**
             * While records wait, the segment ends a quarter larger than the active one: not much larger, so that growth hardly
             * delays an append, and not equal, because the segments would never grow under a load that always waits. At a close it
             * is only the successor of the last segment, so the smallest size is enough.
             */
            @Override
            public boolean isEnough(long filledBytes) {
                long enough = handover.isClosing() ? smallBytes() : state.activeBytes + state.activeBytes / 4;
                return filledBytes >= enough && handover.areRecordsWaiting();
            }
        };
    }

    private long smallBytes() {
        return SegmentMaker.firstBytes(settings.segmentBytes(), settings.maxBatchBytes());
    }

    /** Returns how much of the active segment is used. Wrong for a moment at a roll, which costs a rest or saves one. */
    private double usedShare() {
        return 1 - (double) state.activeRoomBytes / state.activeBytes;
    }

    private void publish() throws IOException {
        if (storage.exists(names.prepared())) {
            throw new IllegalStateException(names.prepared() + " is in use; expected it to have been renamed");
        }
        retryWhileFull(() -> rename(names.preparing(), names.prepared()));
        storage.forceDirectory();
    }

    // ---- full disk: reported once when it begins and once when it ends, with retries in between

    /** An operation that has no effect when it fails because the disk is full. */
    @FunctionalInterface
    private interface DiskOperation<T> {
        T run() throws IOException;
    }

    /**
     * Runs an operation, and retries it while the disk is full. A trim that has freed space ends the wait early.
     *
     * @throws StoppedException if the log is closing and the disk is still full
     */
    private <T> T retryWhileFull(DiskOperation<T> operation) throws IOException {
        while (true) {
            try {
                T result = operation.run();
                diskFullEnded();
                return result;
            } catch (StorageFullException e) {
                diskFull(e);
            }
            checkLock();
            if (!handover.pause(DISK_FULL_RETRY_NANOS)) {
                throw new StoppedException();
            }
        }
    }

    private void diskFull(StorageFullException cause) {
        if (state.diskFull == null) {
            String reason = String.valueOf(cause.getMessage());
            state.diskFull = reason;
            notifier.event(listener -> listener.onDiskFull(reason));
            handover.wake();
        }
    }

    private void diskFullEnded() {
        if (state.diskFull != null) {
            state.diskFull = null;
            notifier.event(WalListener::onDiskFullEnded);
        }
    }
}
