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
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The orders of an engine, durable: a log of order events, and the {@link OrderStore} that they add up to. Any thread may
 * call any method, platform or virtual.
 *
 * <p>An event takes effect in the store when it is durable, and not before, in the order of the log. So what anybody has
 * seen in the store is there again after a crash.
 *
 * <p>Every method throws {@link IllegalStateException} after {@link #close}, and
 * {@link io.veloz.wal.WalFailedException} after a write or a force has failed.
 */
public final class OrderLog implements AutoCloseable {
    private final OrderLogConfig config;
    private final Wal wal;
    private final OrderStore store;
    private final OrderApplier applier;
    private final Encoders encoders = new Encoders();
    private final CheckpointThread checkpoints;
    private final OrderLogReport report;

    /**
     * Opens the log, and replays it from the newest good checkpoint. When this returns the store holds every order that
     * was ever acknowledged.
     *
     * @throws WalException as {@link Wal#open(WalConfig)}; {@link io.veloz.wal.WalCorruptException} also if records are
     *     trimmed that no checkpoint covers
     * @throws IllegalStateException if the configuration says that there is to be no log
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
            OrderReplay replay = OrderReplay.of(wal, config.normaliseStatus());
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

    private OrderLog(OrderLogConfig config, Wal wal, OrderReplay replay, OrderApplier applier) {
        this.config = config;
        this.wal = wal;
        this.store = replay.store();
        this.applier = applier;
        this.report = replay.report();
        this.checkpoints = new CheckpointThread(this, config, report.checkpointSequence());
        applier.whenApplied(checkpoints::applied);
    }

    /** The state of all orders, up to the last durable event that was applied. */
    public OrderStore store() {
        return store;
    }

    /** How the log came back. */
    public OrderLogReport recovery() {
        return report;
    }

    /** The log under this one: to wait, to read, to observe. Do not append to it. */
    public Wal wal() {
        return wal;
    }

    /**
     * Appends an event. Returns its sequence as soon as it has one; it is neither durable nor in the store yet.
     *
     * @throws WalBusyException if the buffer stayed full; the event was not appended
     * @throws WalDiskFullException if the disk is full; the event was not appended
     */
    public long append(OrderEvent event) {
        return append(event, config.wal().durability(), null);
    }

    private long append(OrderEvent event, Durability durability, @Nullable CompletableFuture<Long> future) {
        Encoders.Encoder encoder = encoders.borrow();
        try {
            long nanos = config.wal().wallClockNanos().getAsLong();
            encoder.encode(event, nanos);
            return applier.append(encoder.group(), durability, new OrderApplier.Entry(nanos, event, future));
        } finally {
            encoders.giveBack(encoder);
        }
    }

    /** Appends an event, and returns its sequence when it is on disk and in the store. */
    public long appendDurable(OrderEvent event) {
        long sequence = append(event, Durability.LOSE_NOTHING, null);
        awaitApplied(sequence);
        return sequence;
    }

    /**
     * Appends an event; the future completes with its sequence when it is on disk and in the store, or with
     * {@link io.veloz.wal.WalFailedException}. Futures complete in order, on one thread of the log.
     */
    public CompletableFuture<Long> appendAsync(OrderEvent event) {
        CompletableFuture<Long> future = new CompletableFuture<>();
        append(event, Durability.LOSE_NOTHING, future);
        return future;
    }

    /**
     * Appends events that come back together or not at all, and returns the last sequence when all are on disk and in the
     * store.
     */
    public long appendDurable(List<? extends OrderEvent> events) {
        RecordGroup group = new RecordGroup();
        OrderApplier.Entry[] entries = new OrderApplier.Entry[events.size()];
        OrderCodec codec = new OrderCodec();
        long nanos = config.wal().wallClockNanos().getAsLong();
        for (int i = 0; i < entries.length; i++) {
            OrderEvent event = events.get(i);
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
     * Returns when an event is on disk and in the store. One that was appended with a relaxed durability gets there by
     * itself, as {@link Durability} says; {@code wal().sync()} has it forced now.
     */
    public void awaitApplied(long sequence) {
        wal.awaitDurable(sequence);
        applier.applyUpTo(sequence);
    }

    /**
     * Writes the state of all orders down, so that the next open need not replay what came before, and marks it in the
     * log. Returns when it is on disk and has been read back.
     */
    public WalCheckpoint checkpoint() {
        checkpointAndMark();
        return wal.newestCheckpoint().orElseThrow();
    }

    /** Returns the sequence of the mark. */
    long checkpointAndMark() {
        OrderSnapshot all = store.snapshot();
        OrderSnapshot kept =
                config.keepEndedOrders().map(all::withoutTerminalOlderThan).orElse(all);
        AtomicInteger digest = new AtomicInteger();
        wal.writeCheckpoint(kept.coveredSequence(), out -> digest.set(kept.writeTo(out)));
        return appendDurable(
                new Checkpoint(kept.coveredSequence(), kept.orders().size(), digest.get()));
    }

    /** Deletes sealed segments that two checkpoints cover and nobody else needs; see {@link Wal#trim}. */
    public TrimReport trim() {
        return wal.trim(config.keepSegments());
    }

    /**
     * Commits everything that was appended, and closes the files.
     *
     * @throws io.veloz.wal.WalFailedException if the log has failed, or the disk took too long
     */
    @Override
    public void close() {
        checkpoints.stop();
        wal.close();
    }
}
