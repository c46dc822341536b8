package io.veloz.wal.orders;

import io.veloz.wal.Durability;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.TrimReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.WalException;
import io.veloz.wal.internal.CallbackFuture;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The orders of an engine, durable: a log of order events, and the {@link OrderStore} that they add up to. Any thread may
 * call any method, platform or virtual.
 *
 * <p>An event takes effect in the store when it is durable, and not before, in the order of the log. So whatever a reader
 * of the store has seen is there again after a crash.
 *
 * <p>Memory is bounded by default. An order with one fill takes about 650 bytes, and each
 * further fill some 115 for its trade id, which is kept as long as the order. The store keeps all pending orders, and of the ended ones at most 200,000, no longer than a day
 * ({@link OrderLogConfig.Builder#maxEndedOrders}, {@link OrderLogConfig.Builder#keepEndedOrders}). Orders are dropped when a
 * checkpoint is written: by default each minute and each 100,000 records. Together this is some
 * 200 MB beside the pending orders. At most 65,536 events are pending between an append and the store
 * ({@link OrderLogConfig.Builder#maxPendingEvents}).
 *
 * <p>Every method throws {@link IllegalStateException} after {@link #close} or when a listener of findings calls it, and
 * {@link io.veloz.wal.WalFailedException} after a write or a force has failed, or an event could not be applied.
 */
public final class OrderLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    private final OrderLogConfig config;
    private final Wal wal;
    private final OrderStore store;
    private final OrderApplier applier;
    private final Encoders encoders = new Encoders();
    private final CheckpointThread checkpoints;
    private final OrderLogReport report;

    /** One checkpoint at a time, from the snapshot to the mark: an older one must not replace a newer one. */
    private final ReentrantLock checkpointing = new ReentrantLock();

    /** The age of orders at the open, and a clock that cannot jump. See {@link #nowForAges}. */
    private final long openedNanos;

    private final long openedIntervalNanos;

    /**
     * Opens the log, and replays it from the newest good checkpoint. When this returns the store holds every order that
     * was ever acknowledged, but for ended ones that were dropped.
     *
     * @throws WalException as {@link Wal#open(WalConfig)}; {@link io.veloz.wal.WalCorruptException} also if records are
     *     trimmed that no checkpoint covers; {@link io.veloz.wal.WalVersionException} also if a record of an order type, or
     *     the newest checkpoint, is not of orders that this version knows
     * @throws IllegalStateException if the configuration disables the log
     */
    public static OrderLog open(OrderLogConfig config) {
        if (!config.enabled()) {
            throw new IllegalStateException("the log is not enabled (VELOZ_WAL_ENABLED=false)");
        }
        WalConfig walConfig = config.wal();
        OrderApplier applier = new OrderApplier(config.maxPendingEvents(), walConfig.bufferFullTimeout());
        Wal wal = Wal.open(walConfig.toBuilder()
                .listener(new ApplyingListener(applier, walConfig.listener()))
                .build());
        boolean opened = false;
        try {
            OrderStore.Builder settings = OrderStore.builder()
                    .normaliseStatus(config.normaliseStatus())
                    .statusWords(config.statusWords())
                    .onFinding(guarded(config.onFinding()));
            OrderReplay replay = OrderReplay.of(wal, settings);
            applier.start(wal, replay.store());
            OrderLog log = new OrderLog(config, wal, replay, applier);
            log.checkpoints.start();
            opened = true;
            return log;
        } finally {
            if (!opened) {
                wal.close();
            }
        }
    }

    /** The event has been applied: what a listener throws must not look as if it had not. */
    private static Consumer<OrderFinding> guarded(Consumer<OrderFinding> listener) {
        AtomicBoolean logged = new AtomicBoolean();
        return finding -> {
            try {
                listener.accept(finding);
            } catch (Throwable t) {
                // Once: it may fail on every one of many findings.
                if (logged.compareAndSet(false, true)) {
                    LOG.error("the listener of findings failed on {}; further failures are not logged", finding, t);
                }
            }
        };
    }

    private OrderLog(OrderLogConfig config, Wal wal, OrderReplay replay, OrderApplier applier) {
        this.config = config;
        this.wal = wal;
        this.store = replay.store();
        this.applier = applier;
        this.report = replay.report();
        long now = config.wal().wallClockNanos().getAsLong();
        long newest = store.newestNanos();
        this.openedNanos = newest == 0 ? now : Math.min(now, newest);
        this.openedIntervalNanos = config.intervalClockNanos().getAsLong();
        this.checkpoints = new CheckpointThread(this, config, report.checkpointSequence());
        applier.whenApplied(checkpoints::applied);
    }

    /** The state of all orders, up to the last durable event that was applied. */
    public OrderStore store() {
        return store;
    }

    /** What the open has found and replayed. */
    public OrderLogReport recovery() {
        return report;
    }

    /**
     * The log under this one: to wait, to read, to ship, to observe. An application may append records of its own types to
     * it, those for which {@link OrderCodec#isOrderType} is false: the orders pass over them. They are trimmed with the
     * orders unless a {@link io.veloz.wal.TrimGuard} holds them back. Its checkpoints belong to the orders.
     */
    public Wal wal() {
        return wal;
    }

    /**
     * Appends an event. Returns its sequence as soon as it has one; it is neither durable nor in the store yet.
     *
     * @throws IllegalArgumentException if the event could not count: without an id, or with a quantity or a limit that is no
     *     usable number. It was not appended
     * @throws WalBusyException if the buffer stayed full, or too many events are pending, for
     *     {@link WalConfig#bufferFullTimeout()}; the event was not appended
     * @throws WalDiskFullException if the disk is full; the event was not appended
     */
    public long append(OrderEvent event) {
        return append(event, config.wal().durability(), null);
    }

    private long append(OrderEvent event, Durability durability, @Nullable CompletableFuture<Long> future) {
        checkUsable(event);
        Encoders.Encoder encoder = encoders.borrow();
        try {
            long nanos = config.wal().wallClockNanos().getAsLong();
            encoder.encode(event, nanos);
            return applier.append(encoder.group(), durability, new OrderApplier.Entry(nanos, event, future));
        } finally {
            encoders.giveBack(encoder);
        }
    }

    private static void checkUsable(OrderEvent event) {
        String reason = OrderRules.unusable(OrderText.requirePresent("event", event));
        if (reason != null) {
            throw new IllegalArgumentException(event.getClass().getSimpleName() + ", " + reason);
        }
    }

    /**
     * Appends an event, and returns its sequence when it is on disk and in the store. Throws as {@link #append}.
     */
    public long appendDurable(OrderEvent event) {
        long sequence = append(event, Durability.LOSE_NOTHING, null);
        awaitApplied(sequence);
        return sequence;
    }

    /**
     * Appends an event; the future completes with its sequence when it is on disk and in the store, or with
     * {@link io.veloz.wal.WalFailedException}. Futures complete in order, on one thread of the log, and all of them
     * complete, also when the log fails or is closed. Throws as {@link #append}.
     *
     * <p>What depends on a future runs on that thread, so it must be short. A wait there for another future of this log
     * throws {@link IllegalStateException}, as that thread would have to complete it.
     */
    public CompletableFuture<Long> appendAsync(OrderEvent event) {
        CompletableFuture<Long> future = new CallbackFuture<>(applier::isOnNotifier);
        append(event, Durability.LOSE_NOTHING, future);
        return future;
    }

    /**
     * Appends events that come back together or not at all, and returns the last sequence when all are on disk and in the
     * store. Throws as {@link #append}; then none was appended.
     */
    public long appendDurable(List<? extends OrderEvent> events) {
        List<? extends OrderEvent> all = List.copyOf(events);
        all.forEach(OrderLog::checkUsable);
        RecordGroup group = new RecordGroup();
        OrderApplier.Entry[] entries = new OrderApplier.Entry[all.size()];
        OrderCodec codec = new OrderCodec();
        long nanos = config.wal().wallClockNanos().getAsLong();
        for (int i = 0; i < entries.length; i++) {
            OrderEvent event = all.get(i);
            // A copy: the codec uses its buffer again for the next event.
            ByteBuffer payload = codec.encode(event);
            group.add(
                    event.recordType(),
                    nanos,
                    ByteBuffer.allocate(payload.remaining()).put(payload).flip());
            entries[i] = new OrderApplier.Entry(nanos, event, null);
        }
        long last = applier.append(group, Durability.LOSE_NOTHING, entries);
        awaitApplied(last);
        return last;
    }

    /**
     * Returns when a record is on disk, and every event up to it in the store. A record that was appended with a relaxed
     * durability gets there by itself, as {@link Durability} says; {@code wal().sync()} forces it now.
     */
    public void awaitApplied(long sequence) {
        applier.checkUsable();
        wal.awaitDurable(sequence);
        applier.applyUpTo(sequence);
    }

    /**
     * Writes the state of all orders as a checkpoint, so that the next open replays only what comes after it, and marks it
     * in the log. Drops ended orders as configured. Returns when the checkpoint is on disk and has been read back. Several
     * callers write one checkpoint after the other.
     *
     * @throws WalDiskFullException if there is no room; the earlier checkpoints are untouched
     * @throws java.io.UncheckedIOException if it cannot be written; the earlier checkpoints are untouched
     */
    public WalCheckpoint checkpoint() {
        return writeCheckpoint().file();
    }

    /** A checkpoint, and the sequence of its mark. */
    record Written(WalCheckpoint file, long markSequence) {}

    Written writeCheckpoint() {
        applier.checkUsable();
        checkpointing.lock();
        try {
            long beforeNanos = config.keepEndedOrders()
                    .map(age -> nowForAges() - age.toNanos())
                    .orElse(Long.MIN_VALUE);
            OrderSnapshot orders = store.snapshotWithoutEnded(beforeNanos, config.maxEndedOrders());
            AtomicInteger digest = new AtomicInteger();
            WalCheckpoint file = wal.writeCheckpoint(orders.coveredSequence(), out -> digest.set(orders.writeTo(out)));
            long mark = appendDurable(
                    new Checkpoint(orders.coveredSequence(), orders.orders().size(), digest.get()));
            return new Written(file, mark);
        } finally {
            checkpointing.unlock();
        }
    }

    /**
     * The time by which ended orders age. Neither a record with a wild time nor a wall clock that jumps can pull it
     * forward: it begins at the earlier of the wall clock and the newest record, and is no faster than the interval clock.
     * Where it is too slow, after the log was down, orders are kept longer.
     */
    private long nowForAges() {
        long elapsed = config.intervalClockNanos().getAsLong() - openedIntervalNanos;
        return Math.min(config.wal().wallClockNanos().getAsLong(), openedNanos + elapsed);
    }

    /** Deletes sealed segments that two checkpoints cover and no guard holds back; see {@link Wal#trim}. */
    public TrimReport trim() {
        return wal.trim(config.keepSegments());
    }

    /**
     * Commits everything that was appended, and closes the files.
     *
     * @throws IllegalStateException if a callback or a listener calls it: it would wait for itself. The log stays open
     * @throws io.veloz.wal.WalFailedException if the log has failed, or the disk took too long
     */
    @Override
    public void close() {
        applier.checkMayClose();
        // A disk that hangs holds up a checkpoint too. Then the close of the log ends the wait.
        checkpoints.stop(config.wal().closeTimeout());
        wal.close();
    }
}
