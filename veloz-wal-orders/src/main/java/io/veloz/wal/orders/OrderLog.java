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
 * The durable orders of an engine: a log of order events, and the {@link OrderStore} with the resulting state. Thread-safe
 * for platform and virtual threads.
 *
 * <p>Events are applied to the store in log order, once they are durable. State that a reader has seen in the store is
 * therefore restored after a crash.
 *
 * <p>Memory is bounded by default. An order with one fill takes about 650 bytes. Each further fill takes about 115 bytes for
 * its trade id, which is kept as long as the order. The store keeps all pending orders. It keeps at most 200,000 ended
 * orders, for at most one day ({@link OrderLogConfig.Builder#maxEndedOrders},
 * {@link OrderLogConfig.Builder#keepEndedOrders}). Orders are dropped when a checkpoint is written: by default every minute
 * and every 100,000 records. In total, this is about 200 MB in addition to the pending orders. At most 65,536 events are
 * pending between append and store ({@link OrderLogConfig.Builder#maxPendingEvents}).
 *
 * <p>Every method throws {@link IllegalStateException} after {@link #close} or if a listener of findings calls it, and
 * {@link io.veloz.wal.WalFailedException} after a write or a force (fsync) has failed, or if an event could not be applied.
 */
public final class OrderLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    private final OrderLogConfig config;
    private final Wal wal;
    private final OrderStore store;
    private final OrderApplier applier;
    private final EncoderPool encoders = new EncoderPool();
    private final CheckpointThread checkpoints;
    private final OrderLogReport report;

    /** Serialises checkpoints, from the snapshot to the record in the log: an older one must not replace a newer one. */
    private final ReentrantLock checkpointing = new ReentrantLock();

    /** The start of {@link #nowForAges}, by the wall clock and by the monotonic clock. */
    private final long openedNanos;

    private final long openedIntervalNanos;

    /**
     * Opens the log, and replays it from the newest valid checkpoint. When this returns, the store contains every order that
     * was ever acknowledged, except ended orders that were dropped.
     *
     * @throws WalException as {@link Wal#open(WalConfig)}; {@link io.veloz.wal.WalCorruptException} also if records were
     *     trimmed that no checkpoint covers; {@link io.veloz.wal.WalVersionException} also if an order record or the newest
     *     checkpoint was written by a later version
     * @throws IllegalStateException if the configuration disables the log
     */
    public static OrderLog open(OrderLogConfig config) {
        if (!config.enabled()) {
            throw new IllegalStateException("the log is disabled (VELOZ_WAL_ENABLED=false)");
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

    /** Catches exceptions of the listener: they must not suggest that the event was not applied. */
    private static Consumer<OrderFinding> guarded(Consumer<OrderFinding> listener) {
        AtomicBoolean logged = new AtomicBoolean();
        return finding -> {
            try {
                listener.accept(finding);
            } catch (Throwable t) {
                // Only once, because the listener may fail for each of many findings.
                if (logged.compareAndSet(false, true)) {
                    LOG.error("the listener of findings failed for {}; further failures are not logged", finding, t);
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

    /** Returns the state of all orders, up to the last durable event that was applied. */
    public OrderStore store() {
        return store;
    }

    /** Returns the report of the replay when the log was opened. */
    public OrderLogReport recovery() {
        return report;
    }

    /**
     * Returns the underlying log: to wait for records, read, ship and monitor them. An application may append records of its
     * own types, for which {@link OrderCodec#isOrderType} is false. The replay of the orders skips them. They are trimmed
     * together with the order events unless a {@link io.veloz.wal.TrimGuard} retains them. Order types are refused here with an
     * {@link IllegalArgumentException}. The checkpoints of the log are reserved for the orders.
     */
    public Wal wal() {
        return wal;
    }

    /**
     * Appends an event. Returns its sequence without waiting until the event is durable and in the store.
     *
     * @throws IllegalArgumentException if the event cannot be applied because it has no order id, or an invalid quantity or
     *     limit price; the event was not appended
     * @throws WalBusyException if the buffer stayed full, or too many events stayed pending, for
     *     {@link WalConfig#bufferFullTimeout()}; the event was not appended
     * @throws WalDiskFullException if the disk is full; the event was not appended
     */
    public long append(OrderEvent event) {
        return append(event, config.wal().durability(), null);
    }

    private long append(OrderEvent event, Durability durability, @Nullable CompletableFuture<Long> future) {
        checkUsable(event);
        EncoderPool.Encoder encoder = encoders.acquire();
        try {
            long nanos = config.wal().wallClockNanos().getAsLong();
            RecordGroup record = encoder.encode(event, nanos);
            return applier.append(record, durability, new OrderApplier.Pending(nanos, event, future));
        } finally {
            encoders.release(encoder);
        }
    }

    private static void checkUsable(OrderEvent event) {
        String reason = OrderRules.rejectionReason(OrderText.requirePresent("event", event));
        if (reason != null) {
            throw new IllegalArgumentException(event.getClass().getSimpleName() + ", " + reason);
        }
    }

    /**
     * Appends an event, and returns its sequence once the event is durable and in the store. Throws as {@link #append}.
     */
    public long appendDurable(OrderEvent event) {
        long sequence = append(event, Durability.LOSE_NOTHING, null);
        awaitApplied(sequence);
        return sequence;
    }

    /**
     * Appends an event. The future completes with its sequence once the event is durable and in the store, or with
     * {@link io.veloz.wal.WalFailedException}. Futures complete in order, on the notifier thread of the log. Every future
     * completes, even if the log fails or is closed. Throws as {@link #append}.
     *
     * <p>Dependent stages run on the notifier thread, so they must be short. Waiting there for another future of this log
     * throws {@link IllegalStateException}, because only that thread can complete it.
     */
    public CompletableFuture<Long> appendAsync(OrderEvent event) {
        CompletableFuture<Long> future = new CallbackFuture<>(applier::isOnNotifier);
        append(event, Durability.LOSE_NOTHING, future);
        return future;
    }

    /**
     * Appends events atomically: after a crash, either all of them are restored or none. Returns the last sequence once all
     * are durable and in the store. Throws as {@link #append}; then none was appended.
     */
    public long appendDurable(List<? extends OrderEvent> events) {
        List<? extends OrderEvent> all = List.copyOf(events);
        all.forEach(OrderLog::checkUsable);
        RecordGroup group = new RecordGroup();
        OrderApplier.Pending[] pending = new OrderApplier.Pending[all.size()];
        OrderCodec codec = new OrderCodec();
        long nanos = config.wal().wallClockNanos().getAsLong();
        for (int i = 0; i < pending.length; i++) {
            OrderEvent event = all.get(i);
            // A copy, because the codec reuses its buffer for the next event.
            ByteBuffer payload = codec.encode(event);
            group.add(
                    event.recordType(),
                    nanos,
                    ByteBuffer.allocate(payload.remaining()).put(payload).flip());
            pending[i] = new OrderApplier.Pending(nanos, event, null);
        }
        long last = applier.append(group, Durability.LOSE_NOTHING, pending);
        awaitApplied(last);
        return last;
    }

    /**
     * Returns once a record is durable and every event up to it is in the store. A record that was appended with a relaxed
     * {@link Durability} is forced later; {@code wal().sync()} forces it now.
     */
    public void awaitApplied(long sequence) {
        applier.checkUsable();
        wal.awaitDurable(sequence);
        applier.applyUpTo(sequence);
    }

    /**
     * Drops ended orders as configured, writes the state of all other orders as a checkpoint, and appends a record that
     * marks it in the log. The next open replays only the records after it. Returns once the checkpoint is durable and has
     * been read back. Concurrent calls write their checkpoints one after another.
     *
     * @throws WalDiskFullException if the disk is full; earlier checkpoints are unchanged
     * @throws java.io.UncheckedIOException if it cannot be written; earlier checkpoints are unchanged
     */
    public WalCheckpoint checkpoint() {
        return writeCheckpoint().file();
    }

    /** A checkpoint, and the sequence of the record that marks it. */
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
     * The time from which the age of ended orders is computed. It starts at the earlier of the wall clock and the time of
     * the newest record, and advances no faster than the monotonic clock. So neither a record with a wrong time nor a jump
     * of the wall clock can drop orders too early. After downtime of the log it may be late, and orders are kept longer.
     */
    private long nowForAges() {
        long elapsed = config.intervalClockNanos().getAsLong() - openedIntervalNanos;
        return Math.min(config.wal().wallClockNanos().getAsLong(), openedNanos + elapsed);
    }

    /** Deletes sealed segments that two checkpoints cover and that no trim guard retains; see {@link Wal#trim}. */
    public TrimReport trim() {
        return wal.trim(config.keepSegments());
    }

    /**
     * Commits all appended events, and closes the files.
     *
     * @throws IllegalStateException if a callback or a listener calls it, which would deadlock; the log stays open
     * @throws io.veloz.wal.WalFailedException if the log has failed, or the disk did not respond in time
     */
    @Override
    public void close() {
        applier.checkMayClose();
        // If the disk hangs, so does a checkpoint in progress. Closing the log then ends that wait.
        checkpoints.stop(config.wal().closeTimeout());
        wal.close();
    }

    /** Returns the directory and the position in the log, for log messages. */
    @Override
    public String toString() {
        return "OrderLog[" + wal + ", lastSequence=" + wal.lastSequence() + ", durableSequence=" + wal.durableSequence()
                + ", " + store + "]";
    }
}
