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
import io.veloz.wal.archive.internal.ship.Signal;
import io.veloz.wal.archive.internal.ship.SpoolGuard;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is known of a shipper, for everybody who asks. Written by the thread that ships; any thread may read. */
final class ShipperState implements Reached {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");
    private static final double SECONDS_PER_MONTH = 30 * 86_400.0;
    private static final double SHORTEST_SECONDS = 60;

    private final ShipperConfig config;
    private final LocalLog log;
    private final CountingStore store;
    private final Signal signal;
    private final SpoolGuard guard;
    private final long closeNanos;
    private final long startedAt = System.nanoTime();
    private final Lag lag = new Lag(startedAt);
    private volatile long archivedSequence;
    private volatile long seenSequence;
    private volatile long epoch;
    private volatile long bytesBehind;
    private volatile long spoolBytes = -1;
    private final AtomicLong errors = new AtomicLong();
    private volatile String lastError = "";
    private volatile @Nullable Instant lastErrorAt;
    private volatile boolean inTrouble;
    private volatile @Nullable WalException failure;
    private final AtomicBoolean flushRequested = new AtomicBoolean();
    private volatile boolean uploadEnded;
    private volatile long closingSince;
    private volatile boolean closing;
    private volatile boolean justClosing;
    private volatile boolean ended;
    private volatile boolean abandoned;
    private boolean lagging;
    private boolean overBudget;

    ShipperState(ShipperConfig config, LocalLog log, CountingStore store, Signal signal) {
        this.config = config;
        this.log = log;
        this.store = store;
        this.signal = signal;
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
        tell(listener -> listener.onInOffice(newEpoch));
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
    public void gap(long firstSequence, long lastSequence) {
        LOG.error(
                "records {} to {} were trimmed before they were archived; the archive says so",
                firstSequence,
                lastSequence);
        tell(listener -> listener.onGap(firstSequence, lastSequence));
    }

    void sample() {
        long durable = durableSequence();
        long now = System.nanoTime();
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

    void trouble(Throwable error) {
        errors.incrementAndGet();
        lastError = Objects.requireNonNullElse(error.getMessage(), error.toString());
        lastErrorAt = config.clock().instant();
        if (!inTrouble) {
            inTrouble = true;
            LOG.warn("shipping is in trouble, and tried again: {}", lastError);
            tell(listener -> listener.onTrouble(lastError));
        }
    }

    void succeeded() {
        if (inTrouble) {
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

    /** Beside a writer in another process only reading tells. */
    boolean mayBeDirty() {
        return log.durableSequence() == 0 || log.durableSequence() > archivedSequence;
    }

    boolean takeFlushRequest() {
        return flushRequested.getAndSet(false);
    }

    boolean hasNews() {
        return flushRequested.get() || uploadEnded || justClosing || abandoned;
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
        return closing && System.nanoTime() - closingSince >= closeNanos;
    }

    boolean takeJustClosing() {
        boolean just = justClosing;
        justClosing = false;
        return just;
    }

    // ---- asked and told by others

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
            closingSince = System.nanoTime();
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
        long now = System.nanoTime();
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
                costPerMonth(now),
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

    private double costPerMonth(long now) {
        double seconds = Math.max(SHORTEST_SECONDS, (now - startedAt) / 1e9);
        double cost = (store.puts() + store.lists()) * config.putPricePer1000() / 1000
                + store.gets() * config.getPricePer1000() / 1000;
        return cost / seconds * SECONDS_PER_MONTH;
    }
}
