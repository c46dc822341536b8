package io.veloz.wal.archive;

import io.veloz.wal.TrimGuard;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ShipperStatus.Requests;
import io.veloz.wal.archive.ShipperStatus.State;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.internal.ship.CountingStore;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.ship.ShipProgress;
import io.veloz.wal.archive.internal.ship.ShipProgress.Job;
import io.veloz.wal.archive.internal.ship.Spool;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state that the shipping thread shares with its callers: progress, failures and requests. The methods of the first two
 * sections are called by the shipping thread only. The others are thread-safe.
 */
final class ShipperState implements ShipProgress {
    private static final long FENCE_CHECK_PAUSE_NANOS = 1_000_000_000;

    /** Jobs on which no record depends. */
    private static final Set<Job> MINOR = Set.of(Job.CLEAN_UP, Job.SUMMARY, Job.WITNESS);

    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");
    private final ShipperConfig config;
    private final LocalLog log;
    private final CountingStore store;
    private final Signal signal;
    private final Spool.Guard guard;
    private final long closeNanos;
    private final ArchiveLag lag;
    private long sampledAt;
    private volatile long archivedSequence;
    private volatile long lastSealed;
    private volatile long epoch;
    private volatile long lagBytes;
    private volatile long spoolBytes = -1;
    private final AtomicLong errors = new AtomicLong();
    private volatile String lastError = "";
    private volatile @Nullable Instant lastErrorAt;

    /** The jobs whose last attempt failed. Confined to the shipping thread. */
    private final Set<Job> failing = EnumSet.noneOf(Job.class);

    private volatile boolean inTrouble;

    /** Ranges of records that the archive declares lost. Copied on write. */
    private volatile List<Gap> gaps = List.of();

    private volatile long gapsKnownFrom = Long.MAX_VALUE;
    private final AtomicLong gapsWantedFrom = new AtomicLong(Long.MAX_VALUE);
    private volatile @Nullable WalException failure;
    private final AtomicBoolean flushRequested = new AtomicBoolean();
    private final AtomicBoolean fenceCheckRequested = new AtomicBoolean();
    private volatile long fenceCheckRequestedAt;
    private volatile boolean uploadEnded;
    private volatile long closingSince;
    private volatile boolean closing;
    private volatile boolean closeRequested;
    private volatile boolean ended;
    private volatile boolean abandoned;
    private Consumer<Segment> committed = segment -> {};
    private boolean lagging;
    private boolean overBudget;

    private record Gap(long firstSequence, long lastSequence) {}

    ShipperState(ShipperConfig config, LocalLog log, CountingStore store, Signal signal) {
        this.config = config;
        this.log = log;
        this.store = store;
        this.signal = signal;
        this.fenceCheckRequestedAt = signal.nanoTime() - FENCE_CHECK_PAUSE_NANOS;
        this.lag = new ArchiveLag(signal.nanoTime());
        this.sampledAt = signal.nanoTime() - config.flushInterval().toNanos();
        this.closeNanos = config.closeTimeout().toNanos();
        this.guard = new Spool.Guard(log, store.describe(), config.spoolPolicy());
    }

    TrimGuard guard() {
        return guard;
    }

    // ---- reported by the shipping thread

    @Override
    public void epochAcquired(long newEpoch, Archived archived) {
        epoch = newEpoch;
        archivedSequence = archived.sequence();
        publish(listener -> listener.onEpochAcquired(newEpoch));
        signal.raise();
    }

    @Override
    public void archived(Archived archived, long releasedThrough) {
        boolean more = archived.sequence() > archivedSequence;
        archivedSequence = archived.sequence();
        guard.release(releasedThrough);
        if (more) {
            signal.raise();
            publish(listener -> listener.onArchived(archived.sequence()));
        }
    }

    /** Sets what receives the committed segments, before shipping starts. */
    void onCommitted(Consumer<Segment> consumer) {
        committed = consumer;
    }

    @Override
    public void committed(Segment segment) {
        committed.accept(segment);
    }

    @Override
    public void spool(long lagging, long bytes, long sealed) {
        lastSealed = sealed;
        lagBytes = lagging;
        spoolBytes = bytes;
        boolean over = bytes > config.spoolPolicy().budgetBytes();
        if (over && !overBudget) {
            publish(listener -> listener.onSpoolOverBudget(bytes));
        }
        overBudget = over;
    }

    @Override
    public void gap(long firstSequence, long lastSequence, boolean isNew) {
        List<Gap> more = new ArrayList<>(gaps);
        more.add(new Gap(firstSequence, lastSequence));
        // Order matters: the gap is set before the archived sequence passes
        // it. Otherwise a caller would treat its records as archived.
        gaps = List.copyOf(more);
        if (!isNew) {
            return;
        }
        LOG.error(
                "records {} to {} were trimmed before they were archived; the archive declares a gap",
                firstSequence,
                lastSequence);
        publish(listener -> listener.onGap(firstSequence, lastSequence));
    }

    @Override
    public void gapsKnownFrom(long sequence) {
        gapsKnownFrom = sequence;
        signal.raise();
    }

    @Override
    public long gapsWantedFrom() {
        return gapsWantedFrom.get();
    }

    /**
     * Samples the end of the log: at every call if this process writes
     * it, else once in a flush interval. Called by the shipping thread.
     */
    void sample(boolean isLast) {
        long now = signal.nanoTime();
        if (isLast || now - sampledAt >= config.flushInterval().toNanos()) {
            sampledAt = now;
            log.followEnd();
        }
        long durable = durableSequence();
        lag.sample(durable, now);
        Duration current = Duration.ofNanos(lag.nanos(archivedSequence, durable, now));
        boolean tooFar = current.compareTo(config.lagBound()) > 0;
        if (tooFar && !lagging) {
            publish(listener -> listener.onLagging(current));
        } else if (!tooFar && lagging) {
            publish(ShipperListener::onLaggingEnded);
        }
        lagging = tooFar;
    }

    @Override
    public void failed(Job job, Throwable error) {
        errors.incrementAndGet();
        lastError = Objects.requireNonNullElse(error.getMessage(), error.toString());
        lastErrorAt = config.clock().instant();
        boolean isNew = failing.add(job);
        if (MINOR.contains(job)) {
            // Costs space in the store or requests of readers, but no record, so no event is raised.
            if (isNew) {
                LOG.warn("{} failed, will retry: {}", job, lastError);
            }
        } else if (!inTrouble || (isNew && job == Job.OVERWRITTEN)) {
            inTrouble = true;
            LOG.warn("shipping failed, will retry: {}", lastError);
            publish(listener -> listener.onTrouble(lastError));
        }
    }

    /** Trouble ends when every job that failed has succeeded. The success of another job does not end it. */
    @Override
    public void succeeded(Job job) {
        boolean failedBefore = failing.remove(job);
        boolean recovered = MINOR.containsAll(failing);
        if (failedBefore && inTrouble && recovered) {
            inTrouble = false;
            LOG.info("shipping has recovered");
            publish(ShipperListener::onTroubleEnded);
        }
    }

    void failed(WalException error) {
        failure = error;
        if (error instanceof WalFencedException fenced) {
            publish(listener -> listener.onFenced(fenced));
        } else if (error instanceof WalShippingRefusedException refused) {
            publish(listener -> listener.onRefused(refused));
        }
    }

    void ended() {
        ended = true;
        signal.raise();
    }

    private void publish(Consumer<ShipperListener> event) {
        try {
            event.accept(config.listener());
        } catch (RuntimeException | Error e) {
            LOG.error("the listener of the shipper threw an exception", e);
        }
    }

    // ---- read by the shipping thread

    /** Returns whether there may be records to ship. If another process writes the log, only reading it shows that. */
    boolean mayBeDirty() {
        return !log.isWriterHere() || log.durableSequence() > archivedSequence;
    }

    /** Returns whether the last attempt of any job failed, so that it has to be repeated. */
    boolean isAnyFailing() {
        return !failing.isEmpty();
    }

    boolean takeFlushRequest() {
        return flushRequested.getAndSet(false);
    }

    boolean takeFenceCheckRequest() {
        return fenceCheckRequested.getAndSet(false);
    }

    boolean hasEvent() {
        return flushRequested.get() || fenceCheckRequested.get() || uploadEnded || closeRequested || abandoned;
    }

    void clearEvents() {
        uploadEnded = false;
        closeRequested = false;
    }

    boolean isCloseRequested() {
        return closeRequested;
    }

    /** Returns whether the time for a close has elapsed. Thread-safe, because uploads call it, too. */
    boolean isCloseTimedOut() {
        return closing && signal.nanoTime() - closingSince >= closeNanos;
    }

    boolean takeCloseRequest() {
        boolean requested = closeRequested;
        closeRequested = false;
        return requested;
    }

    // ---- called by other threads

    /** Requests a check whether another writer has acquired a later epoch. Requests within a second of another are ignored. */
    void requestFenceCheck() {
        long now = signal.nanoTime();
        if (now - fenceCheckRequestedAt >= FENCE_CHECK_PAUSE_NANOS) {
            fenceCheckRequestedAt = now;
            fenceCheckRequested.set(true);
            signal.raise();
        }
    }

    /** Returns whether all records up to this one are archived or in a gap, and {@link #isInGap} can distinguish the two. */
    boolean hasReached(long sequence) {
        return archivedSequence >= sequence && gapsKnownFrom <= sequence;
    }

    boolean isInGap(long sequence) {
        return gaps.stream().anyMatch(gap -> gap.firstSequence <= sequence && sequence <= gap.lastSequence);
    }

    /** Requests that the gaps with records from this one on are read from the archive. */
    void requestGaps(long sequence) {
        gapsWantedFrom.accumulateAndGet(sequence, Math::min);
        signal.raise();
    }

    void requestFlush() {
        flushRequested.set(true);
        signal.raise();
    }

    void uploadEnded() {
        uploadEnded = true;
        signal.raise();
    }

    void close() {
        if (!closing) {
            closingSince = signal.nanoTime();
            // Order matters: a thread that sees the request must find that the shipper is closing.
            closing = true;
            closeRequested = true;
        }
        signal.raise();
    }

    /** Releases waiting threads, although the shipping thread may still execute a last request. */
    void abandon() {
        abandoned = true;
        signal.raise();
    }

    boolean isClosing() {
        return closing;
    }

    boolean isEnded() {
        return ended || abandoned;
    }

    @Nullable
    WalException failure() {
        return failure;
    }

    long archivedSequence() {
        return archivedSequence;
    }

    private long durableSequence() {
        return Math.max(Math.max(log.durableSequence(), lastSealed), archivedSequence);
    }

    ShipperStatus status() {
        long archived = archivedSequence;
        long durable = durableSequence();
        long now = signal.nanoTime();
        WalException end = failure;
        return new ShipperStatus.Builder(store.describe(), state(end))
                .epoch(epoch)
                .sequences(archived, durable)
                .lag(Duration.ofNanos(lag.nanos(archived, durable, now)), durable == archived ? 0 : lagBytes)
                .spoolBytes(spoolBytes)
                .requests(new Requests(store.puts(), store.gets(), store.lists(), store.deletes()), store.bytes())
                .hedgedPuts(store.hedgedPuts())
                .errors(errors.get(), lastError, lastErrorAt)
                .failure(end)
                .build();
    }

    private State state(@Nullable WalException end) {
        if (end != null) {
            return end instanceof WalFencedException ? State.FENCED : State.REFUSED;
        } else if (isEnded()) {
            return State.CLOSED;
        } else if (inTrouble) {
            return State.TROUBLE;
        }
        return epoch > 0 ? State.SHIPPING : State.STARTING;
    }
}
