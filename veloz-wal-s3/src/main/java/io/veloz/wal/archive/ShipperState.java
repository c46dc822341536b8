package io.veloz.wal.archive;

import io.veloz.wal.TrimGuard;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ShipperStatus.Requests;
import io.veloz.wal.archive.ShipperStatus.State;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.ship.CountingStore;
import io.veloz.wal.archive.internal.ship.Lag;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.ship.Reached;
import io.veloz.wal.archive.internal.ship.Reached.Job;
import io.veloz.wal.archive.internal.ship.Signal;
import io.veloz.wal.archive.internal.ship.SpoolGuard;
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

/** What is known of a shipper, for everybody who asks. Written by the thread that ships; any thread may read. */
final class ShipperState implements Reached {
    private static final long LOOK_PAUSE_NANOS = 1_000_000_000;
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");
    private final ShipperConfig config;
    private final LocalLog log;
    private final CountingStore store;
    private final Signal signal;
    private final SpoolGuard guard;
    private final long closeNanos;
    private final Lag lag;
    private long sampledAt;
    private volatile long archivedSequence;
    private volatile long seenSequence;
    private volatile long epoch;
    private volatile long bytesBehind;
    private volatile long spoolBytes = -1;
    private final AtomicLong errors = new AtomicLong();
    private volatile String lastError = "";
    private volatile @Nullable Instant lastErrorAt;

    /** Of the thread that ships. */
    private final Set<Job> failing = EnumSet.noneOf(Job.class);

    private volatile boolean inTrouble;

    /** Ranges that the archive declares lost, replaced as a whole. */
    private volatile List<Gap> gaps = List.of();

    private volatile long gapsKnownFrom = Long.MAX_VALUE;
    private final AtomicLong gapsWantedFrom = new AtomicLong(Long.MAX_VALUE);
    private volatile @Nullable WalException failure;
    private final AtomicBoolean flushRequested = new AtomicBoolean();
    private final AtomicBoolean lookRequested = new AtomicBoolean();
    private volatile long lookRequestedAt;
    private volatile boolean uploadEnded;
    private volatile long closingSince;
    private volatile boolean closing;
    private volatile boolean justClosing;
    private volatile boolean ended;
    private volatile boolean abandoned;
    private boolean lagging;
    private boolean overBudget;

    private record Gap(long firstSequence, long lastSequence) {}

    ShipperState(ShipperConfig config, LocalLog log, CountingStore store, Signal signal) {
        this.config = config;
        this.log = log;
        this.store = store;
        this.signal = signal;
        this.lookRequestedAt = signal.nanoTime() - LOOK_PAUSE_NANOS;
        this.lag = new Lag(signal.nanoTime());
        this.sampledAt = signal.nanoTime() - config.flushInterval().toNanos();
        this.closeNanos = config.closeTimeout().toNanos();
        this.guard = new SpoolGuard(log, store.describe(), config.spoolPolicy());
    }

    TrimGuard guard() {
        return guard;
    }

    // ---- told by the thread that ships

    @Override
    public void inOffice(long newEpoch, Archived archived) {
        epoch = newEpoch;
        archivedSequence = archived.sequence();
        tell(listener -> listener.onEpochAcquired(newEpoch));
        signal.raise();
    }

    @Override
    public void archived(Archived archived, long letsGo) {
        boolean more = archived.sequence() > archivedSequence;
        archivedSequence = archived.sequence();
        guard.archived(letsGo);
        if (more) {
            signal.raise();
            tell(listener -> listener.onArchived(archived.sequence()));
        }
    }

    @Override
    public void spool(long behind, long bytes, long lastSealed) {
        seenSequence = lastSealed;
        bytesBehind = behind;
        spoolBytes = bytes;
        boolean over = bytes > config.spoolPolicy().budgetBytes();
        if (over && !overBudget) {
            tell(listener -> listener.onSpoolOverBudget(bytes));
        }
        overBudget = over;
    }

    @Override
    public void gap(long firstSequence, long lastSequence, boolean isNew) {
        List<Gap> more = new ArrayList<>(gaps);
        more.add(new Gap(firstSequence, lastSequence));
        // Before the archived sequence passes them: who waits must not take them for archived.
        gaps = List.copyOf(more);
        if (!isNew) {
            return;
        }
        LOG.error(
                "records {} to {} were trimmed before they were archived; the archive says so",
                firstSequence,
                lastSequence);
        tell(listener -> listener.onGap(firstSequence, lastSequence));
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

    /** Looks how far the log is: at every call in the writer's process, else once in a flush interval. */
    void sample(boolean isLast) {
        long now = signal.nanoTime();
        if (isLast || now - sampledAt >= config.flushInterval().toNanos()) {
            sampledAt = now;
            log.followEnd();
        }
        long durable = durableSequence();
        lag.sample(durable, now);
        Duration behind = Duration.ofNanos(lag.nanos(archivedSequence, durable, now));
        boolean tooFar = behind.compareTo(config.lagBound()) > 0;
        if (tooFar && !lagging) {
            tell(listener -> listener.onLagging(behind));
        } else if (!tooFar && lagging) {
            tell(ShipperListener::onLaggingEnded);
        }
        lagging = tooFar;
    }

    @Override
    public void failed(Job job, Throwable error) {
        errors.incrementAndGet();
        lastError = Objects.requireNonNullElse(error.getMessage(), error.toString());
        lastErrorAt = config.clock().instant();
        boolean isNew = failing.add(job);
        if (job == Job.CLEAN_UP) {
            // Costs room in the store, and no record: not worth a person's sleep.
            if (isNew) {
                LOG.warn("tails cannot be dropped, and are tried again: {}", lastError);
            }
        } else if (!inTrouble) {
            inTrouble = true;
            LOG.warn("shipping is in trouble, and tried again: {}", lastError);
            tell(listener -> listener.onTrouble(lastError));
        }
    }

    /** Trouble ends when everything that failed has succeeded: not when something else does, a read above all. */
    @Override
    public void succeeded(Job job) {
        boolean failedBefore = failing.remove(job);
        boolean goesOn = failing.isEmpty() || (failing.size() == 1 && failing.contains(Job.CLEAN_UP));
        if (failedBefore && inTrouble && goesOn) {
            inTrouble = false;
            LOG.info("shipping goes on");
            tell(ShipperListener::onTroubleEnded);
        }
    }

    void failed(WalException error) {
        failure = error;
        if (error instanceof WalFencedException fenced) {
            tell(listener -> listener.onFenced(fenced));
        } else if (error instanceof WalShippingRefusedException refused) {
            tell(listener -> listener.onRefused(refused));
        }
    }

    void ended() {
        ended = true;
        signal.raise();
    }

    private void tell(Consumer<ShipperListener> event) {
        try {
            event.accept(config.listener());
        } catch (RuntimeException | Error e) {
            LOG.error("the shipper's listener failed", e);
        }
    }

    // ---- asked by the thread that ships

    boolean isInOffice() {
        return epoch > 0;
    }

    /** While another process writes, only reading shows it. */
    boolean mayBeDirty() {
        return !log.isWriterHere() || log.durableSequence() > archivedSequence;
    }

    boolean takeFlushRequest() {
        return flushRequested.getAndSet(false);
    }

    boolean takeLookRequest() {
        return lookRequested.getAndSet(false);
    }

    boolean hasNews() {
        return flushRequested.get() || lookRequested.get() || uploadEnded || justClosing || abandoned;
    }

    void takeNews() {
        uploadEnded = false;
        justClosing = false;
    }

    boolean isJustClosing() {
        return justClosing;
    }

    /** Whether the time for a close is up. */
    boolean isOverdue() {
        return closing && signal.nanoTime() - closingSince >= closeNanos;
    }

    boolean takeJustClosing() {
        boolean just = justClosing;
        justClosing = false;
        return just;
    }

    // ---- asked and told by others

    /** Has the shipper look whether another writer has taken over. Callers may come at any rate: once a second is enough. */
    void requestLook() {
        long now = signal.nanoTime();
        if (now - lookRequestedAt >= LOOK_PAUSE_NANOS) {
            lookRequestedAt = now;
            lookRequested.set(true);
            signal.raise();
        }
    }

    /** Whether every record up to this one is in the archive, or in a gap, and {@link #isInGap} knows which. */
    boolean hasReached(long sequence) {
        return archivedSequence >= sequence && gapsKnownFrom <= sequence;
    }

    boolean isInGap(long sequence) {
        return gaps.stream().anyMatch(gap -> gap.firstSequence <= sequence && sequence <= gap.lastSequence);
    }

    /** Has the shipper find out which records from this one on the archive declares lost. */
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
            // In this order: who takes the news must find that it is closing.
            closing = true;
            justClosing = true;
        }
        signal.raise();
    }

    /** Whoever waits is let go, though the thread may still be busy with a last request. */
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
        return Math.max(Math.max(log.durableSequence(), seenSequence), archivedSequence);
    }

    ShipperStatus status() {
        long archived = archivedSequence;
        long durable = durableSequence();
        long now = signal.nanoTime();
        WalException end = failure;
        return new ShipperStatus(
                store.describe(),
                state(end),
                epoch,
                archived,
                durable,
                durable - archived,
                durable == archived ? 0 : bytesBehind,
                Duration.ofNanos(lag.nanos(archived, durable, now)),
                spoolBytes,
                new Requests(store.puts(), store.gets(), store.lists(), store.deletes()),
                store.bytes(),
                errors.get(),
                lastError,
                lastErrorAt,
                end instanceof WalFencedException fenced ? fenced : null,
                end instanceof WalShippingRefusedException refused ? refused : null);
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
