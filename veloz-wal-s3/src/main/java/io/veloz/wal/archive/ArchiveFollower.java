package io.veloz.wal.archive;

import io.veloz.wal.WalException;
import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.follow.Follower;
import io.veloz.wal.archive.internal.follow.RepeatedDamage;
import io.veloz.wal.archive.internal.follow.StandbyPromotion;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.FollowState;
import io.veloz.wal.archive.internal.format.FollowState.Place;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.internal.io.StoppableStore;
import io.veloz.wal.archive.internal.io.StoppableStore.StoppedException;
import io.veloz.wal.archive.internal.proof.BrokenProofException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.RestoreErrors;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A warm standby: keeps a directory equal to an archive, with a lag of a few seconds, and can be promoted to the log that
 * continues it. Thread-safe.
 *
 * <pre>{@code
 * ArchiveFollower standby = ArchiveFollower.start(FollowerConfig.builder(uri, directory).build());
 * …
 * standby.awaitCaughtUp(timeout);
 * ArchivePromotion promotion = standby.promote(standby.status().epoch());
 * Wal wal = Wal.open(WalConfig.builder(directory).build());
 * WalShipper shipper = WalShipper.start(wal, ShipperConfig.builder(uri).build());
 * }</pre>
 *
 * <p>Until the promotion no engine can open the directory. One follower can use it at a time. A crash at any time leaves a
 * standby that continues at the next start.
 */
public final class ArchiveFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");

    private final FollowerConfig config;
    private final StoppableStore store;
    private final Follower follower;
    private final Signal signal;
    private final Backoff backoff = new Backoff(new SplittableRandom());
    private final RepeatedDamage damage = new RepeatedDamage();
    private final Thread thread;
    private volatile boolean isStopping;

    /** Stops the requests of following, and those of a promotion. */
    private final AtomicBoolean areRequestsStopped;

    /** Held during a promotion, and while the directory is released. */
    private final ReentrantLock ending = new ReentrantLock();

    private boolean isReleased;
    private volatile boolean isClosing;

    /** The number of calls that want a list, and of those whose list has shown that everything is applied. */
    private final AtomicLong requested = new AtomicLong(1);

    private volatile long answered;
    private volatile String lastError = "";
    private volatile @Nullable Instant caughtUpAt;
    private volatile @Nullable RuntimeException failure;
    private final Silence silence;

    private ArchiveFollower(
            FollowerConfig config,
            StoppableStore store,
            AtomicBoolean areRequestsStopped,
            Follower follower,
            Signal signal) {
        this.config = config;
        this.areRequestsStopped = areRequestsStopped;
        this.store = store;
        this.follower = follower;
        this.signal = signal;
        this.silence = new Silence(follower, config.beatInterval(), signal::nanoTime);
        this.thread = new Thread(this::follow, "veloz-wal-follow");
        this.thread.setDaemon(true);
    }

    /**
     * Starts to follow an archive.
     *
     * @throws ArchiveFollowException if the directory is not a standby of this archive, or its promotion has begun
     * @throws io.veloz.wal.WalLockedException if another process uses the directory
     * @throws io.veloz.wal.WalRestoreException if there is no archive, or the store or the disk failed
     */
    public static ArchiveFollower start(FollowerConfig config) {
        return start(config, new Signal());
    }

    /** @param signal for all delays; raised when the state changes */
    static ArchiveFollower start(FollowerConfig config, Signal signal) {
        ArchiveFollower started = open(config, signal);
        try {
            started.follower.checkNoPromotion();
        } catch (RuntimeException e) {
            started.release();
            throw e;
        }
        started.thread.start();
        return started;
    }

    /**
     * Promotes a standby that no process follows. Run it again if it fails: it continues.
     *
     * @param over the epoch to replace, from 1 on
     * @throws ArchiveFollowException see {@link #promote(long)}
     * @throws io.veloz.wal.WalLockedException if a process follows it
     * @throws io.veloz.wal.WalRestoreException if there is no archive, or the store or the disk failed
     */
    public static ArchivePromotion promote(FollowerConfig config, long over) {
        checkEpoch(over);
        try (ArchiveFollower opened = open(config, new Signal())) {
            return opened.promoteStopped(over);
        }
    }

    private static ArchiveFollower open(FollowerConfig config, Signal signal) {
        AtomicBoolean stopped = new AtomicBoolean();
        StoppableStore store = new StoppableStore(config.openStore(), stopped::get);
        try {
            Follower follower = call(store, config, () -> {
                DiskStorage storage = DiskStorage.createOrOpen(config.directory());
                return Follower.open(store, storage, Retries.untilStopped(signal, stopped::get));
            });
            return new ArchiveFollower(config, store, stopped, follower, signal);
        } catch (RuntimeException e) {
            if (config.closesStore()) {
                store.close();
            }
            throw e;
        }
    }

    private static <T> T call(ObjectStore store, FollowerConfig config, Callable<T> task) {
        try {
            // On another thread, because an interrupt of the caller would close the files.
            return UninterruptibleThread.call("veloz-wal-follow", task);
        } catch (ArchiveFollowException e) {
            throw e;
        } catch (Exception e) {
            throw RestoreErrors.translate(e, store.describe() + " into " + config.directory());
        }
    }

    // ---- following

    private void follow() {
        long interval = config.listInterval().toNanos();
        long listedAt = signal.nanoTime() - interval;
        long lookedAt = listedAt;
        while (!isStopping) {
            // Read before the step: a list that is running when a caller asks may miss what was archived just before.
            long request = requested.get();
            boolean isDue = signal.nanoTime() - listedAt >= interval;
            Follower.Step step = step(isDue || request > answered);
            if (step == null) {
                continue;
            }
            if (step == Follower.Step.CAUGHT_UP) {
                listedAt = signal.nanoTime();
                lookedAt = listedAt;
                caughtUpAt = config.clock().instant();
                answered = request;
                signal.raise();
            } else if (step == Follower.Step.MORE && signal.nanoTime() - lookedAt >= interval) {
                lookedAt = signal.nanoTime();
                lookAhead();
            }
            if (step != Follower.Step.MORE) {
                signal.await(
                        () -> isStopping || requested.get() > answered,
                        config.pollInterval().toNanos());
            }
        }
        signal.raise();
    }

    /** Takes a step. Waits and returns null if it fails. */
    private Follower.@Nullable Step step(boolean list) {
        try {
            FollowState before = follower.state();
            Follower.Step step = follower.step(list);
            silence.stepped(step);
            // A search that has begun, or has to be repeated, is no progress: the damage that it is for may stay.
            if (step != Follower.Step.MORE || hasApplied(before)) {
                succeeded();
            }
            return step;
        } catch (StoppedException e) {
            // The loop ends.
        } catch (ArchiveFollowException | WalException e) {
            fail(e);
        } catch (MissingKeyException | UnknownArchiveFormatException e) {
            fail(RestoreErrors.translate(e, store.describe()));
        } catch (BrokenProofException e) {
            if (e.isUnknownFormat()) {
                fail(RestoreErrors.translate(e, store.describe()));
            } else {
                retry(e);
            }
        } catch (IOException e) {
            retry(e);
        } catch (RuntimeException | Error e) {
            retry(new IOException(String.valueOf(e), e));
        }
        return null;
    }

    private boolean hasApplied(FollowState before) {
        FollowState now = follower.state();
        return !now.place().equals(before.place()) || !now.end().equals(before.end());
    }

    private void succeeded() {
        backoff.succeeded();
        damage.succeeded();
        lastError = "";
    }

    /** Reads the end of the archive, for the lag only. It neither ends a failure nor is one: the next steps make its requests. */
    private void lookAhead() {
        try {
            follower.lookAhead();
        } catch (IOException | RuntimeException e) {
            LOG.debug("the end of {} is not known", store.describe(), e);
        }
    }

    private void fail(RuntimeException e) {
        LOG.error("follower failed: {}", e.getMessage());
        failure = e;
        isStopping = true;
    }

    private void retry(IOException e) {
        boolean isNamed = e instanceof StoreException
                || e instanceof BadObjectException
                || e instanceof BrokenProofException
                || e.getCause() instanceof RuntimeException
                || e.getCause() instanceof Error;
        lastError = String.valueOf(isNamed ? e.getMessage() : e);
        damage.add(e).ifPresentOrElse(this::fail, () -> signal.await(() -> isStopping, backoff.nanosAfter(e)));
    }

    /**
     * Waits until everything is applied that was archived before this call. An interrupt does not end the wait and stays
     * pending; {@link #close} ends it.
     *
     * @return false if the timeout has elapsed, or the follower has ended
     */
    public boolean awaitCaughtUp(Duration timeout) {
        long request = requested.incrementAndGet();
        signal.raise();
        return signal.await(() -> isStopping || answered >= request, timeout.toNanos()) && answered >= request;
    }

    /** Returns the progress, without a request. */
    public FollowerStatus status() {
        FollowState state = follower.state();
        Place place = state.place();
        Duration lag = place.epoch() == 0
                ? Duration.ZERO
                : Duration.between(place.written(), config.clock().instant());
        return new FollowerStatus(
                store.describe(),
                config.directory().toString(),
                stateNow(),
                place.slot().number(),
                place.epoch(),
                place.host(),
                place.written(),
                state.end().sequence(),
                follower.archivedSequence(),
                lag.isNegative() ? Duration.ZERO : lag,
                store.bytes(),
                Optional.ofNullable(caughtUpAt),
                lastError,
                silence.beatInterval(),
                silence.length(),
                silence.endedAt(),
                failure);
    }

    private FollowerStatus.State stateNow() {
        if (failure != null) {
            return FollowerStatus.State.FAILED;
        } else if (isStopping) {
            return FollowerStatus.State.CLOSED;
        }
        return lastError.isEmpty() ? FollowerStatus.State.FOLLOWING : FollowerStatus.State.RETRYING;
    }

    // ---- promotion

    /**
     * Promotes the standby to the log that continues the archive: checks that this directory can become it, fences the writer of
     * an epoch, then applies everything that it has archived. A failed check has fenced no writer. Ends the follower, also if it fails. When this method returns, the log opens with all archived records,
     * and a shipper in its directory continues the archive. If it fails, {@link #promote(FollowerConfig, long)} continues.
     *
     * <p>The old writer cannot archive any more. That does not stop its engine from trading while it is cut off from the store:
     * stop that host first.
     *
     * @param over the epoch to replace, from 1 on, as {@link FollowerStatus#epoch} of a standby that has caught up. There is no
     *     default: a standby that is late would replace another epoch than the caller has seen
     * @throws ArchiveFollowException with {@link ArchiveFollowException.Reason#LOST_PROMOTION} if another epoch is the last one
     * @throws IllegalStateException if the follower is closed, or {@link #close} ends the promotion before it has begun
     * @throws io.veloz.wal.WalRestoreException if the store or the disk failed
     */
    public ArchivePromotion promote(long over) {
        checkEpoch(over);
        stop();
        ending.lock();
        try {
            if (isReleased || isClosing) {
                throw new IllegalStateException("the follower of " + config.directory()
                        + " is closed, or its standby was promoted: start another one");
            }
            return promoteStopped(over);
        } finally {
            release();
            ending.unlock();
        }
    }

    private static void checkEpoch(long over) {
        if (over < 1) {
            throw new IllegalArgumentException("epoch " + over + " to replace: expected 1 or more");
        }
    }

    private ArchivePromotion promoteStopped(long over) {
        long started = System.nanoTime();
        areRequestsStopped.set(false);
        // Read after the write above, which may have undone the stop of a close that runs at the same time.
        if (isClosing) {
            areRequestsStopped.set(true);
        }
        StandbyPromotion.Result result =
                call(store, config, () -> runUnlessStopped(over)).orElseThrow(this::stopped);
        return new ArchivePromotion(
                result.epoch(), result.over(), result.lastSequence(), Duration.ofNanos(System.nanoTime() - started));
    }

    /** Returns an empty result if {@link #close} has ended the promotion. */
    private Optional<StandbyPromotion.Result> runUnlessStopped(long over) throws IOException {
        try {
            return Optional.of(new StandbyPromotion(follower, config.clock(), config.requiresEscrow()).run(over));
        } catch (StoppedException e) {
            return Optional.empty();
        }
    }

    private RuntimeException stopped() {
        if (follower.state().promotion().over() == 0) {
            return new IllegalStateException("the follower of " + config.directory()
                    + " was closed before its promotion began: it is a standby as before; start another one");
        }
        return new ArchiveFollowException(
                ArchiveFollowException.Reason.PROMOTION_BEGUN,
                config.directory() + ": the promotion was ended by close(); run it again");
    }

    // ---- the end

    /**
     * Ends following, and a promotion that is running. Waits for the requests that are running, whatever there is left to fetch.
     * A promotion then fails, and is continued as after any failure. Idempotent.
     */
    @Override
    public void close() {
        isClosing = true;
        stop();
        ending.lock();
        try {
            release();
        } finally {
            ending.unlock();
        }
    }

    private void stop() {
        isStopping = true;
        areRequestsStopped.set(true);
        signal.raise();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The caller has the lock {@link #ending}, or no other thread has the follower. */
    private void release() {
        if (isReleased) {
            return;
        }
        isReleased = true;
        try {
            follower.close();
        } catch (IOException e) {
            LOG.warn("failed to release the lock of {}", config.directory(), e);
        } finally {
            if (config.closesStore()) {
                store.close();
            }
        }
    }
}
