package io.veloz.wal.engine;

import io.veloz.wal.Wal;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalListener;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalStats;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.ShipperStatus;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.orders.OrderCancel;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderLogReport;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderUpdate;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A minimal order engine. Thread-safe, but the events of one order must be reported by one thread at a time.
 *
 * <p>An order is first appended to the log. When it is durable, or archived if {@link PublishWhen#ARCHIVED} demands it, it is
 * sent to the venue, and then acknowledged to the caller, both through the {@link Outbox}. So after a crash at any point,
 * the engine knows every order that the venue may have received.
 *
 * <pre>{@code
 * try (OrderEngine engine = new OrderEngine(OrderEngine.settings(directory), venue)) {
 *     engine.start();
 *     engine.pending().forEach(reconciliation::requestStatus);
 *     engine.place(OrderNew.limit("a-1", "BTCUSDT", Side.BUY, 0.5, 50_000.0));
 * }
 * }</pre>
 */
public final class OrderEngine implements AutoCloseable {
    /** The type of the records of requested cancellations, with the order id. The replay of the orders skips them. */
    private static final int CANCEL_REQUESTED = 1000;

    private final OrderLogConfig config;
    private final Venue venue;
    private final @Nullable ShipperConfig archive;
    private final PublishWhen publishWhen;

    /** The ids of the orders in the outbox, which are not in the store yet: the engine acts on them already. */
    private final Set<String> leaving = ConcurrentHashMap.newKeySet();

    private volatile @Nullable WalShipper shipper;
    private volatile @Nullable Outbox outbox;
    private volatile @Nullable OrderLog log;
    private volatile @Nullable String diskFull;
    private volatile @Nullable String failed;

    /** Creates an engine without opening the log, so that it can answer health probes while {@link #start} replays. */
    public OrderEngine(OrderLogConfig config, Venue venue) {
        this(config, venue, null);
    }

    /** Creates an engine that ships its log, if {@code archive} is not null: {@code ShipperConfig.builder("s3://…").build()}. */
    public OrderEngine(OrderLogConfig config, Venue venue, @Nullable ShipperConfig archive) {
        this(config, venue, archive, PublishWhen.DURABLE);
    }

    /** Creates an engine whose orders leave it at the given moment. {@link PublishWhen#ARCHIVED} needs an archive. */
    public OrderEngine(OrderLogConfig config, Venue venue, @Nullable ShipperConfig archive, PublishWhen publishWhen) {
        if (archive == null && publishWhen == PublishWhen.ARCHIVED) {
            throw new IllegalArgumentException("publish when archived: expected an archive");
        }
        this.config = config.toBuilder()
                .wal(config.wal().toBuilder().listener(new StopTrading()).build())
                .build();
        this.venue = venue;
        this.archive = archive;
        this.publishWhen = publishWhen;
    }

    /**
     * Returns settings for an engine. A checkpoint every minute or every 100,000 events keeps the replay short, and allows
     * the log to be trimmed. In a deployment, use {@link OrderLogConfig#fromEnvironment} instead.
     */
    public static OrderLogConfig settings(Path directory) {
        return OrderLogConfig.builder(directory)
                .checkpointInterval(Duration.ofMinutes(1))
                .checkpointEveryRecords(100_000)
                .keepEndedOrders(Duration.ofDays(7))
                .build();
    }

    /**
     * Restores all orders. When this returns, the engine is ready.
     *
     * @throws io.veloz.wal.WalException if the log cannot be opened; its subclasses describe what to do
     * @throws IllegalStateException if the engine has been started
     */
    public synchronized OrderLogReport start() {
        if (log != null) {
            throw new IllegalStateException("the engine has been started");
        }
        OrderLog opened = OrderLog.open(config);
        WalShipper shipping = null;
        try {
            if (archive != null) {
                // Before the first order, and before the first trim.
                shipping = WalShipper.start(opened.wal(), archive);
            }
            outbox = Outbox.open(opened, publishWhen == PublishWhen.ARCHIVED ? shipping : null);
        } catch (RuntimeException e) {
            close(null, shipping, opened);
            throw e;
        }
        shipper = shipping;
        log = opened;
        return opened.recovery();
    }

    // ---- commands

    /**
     * Accepts an order, and sends it to the venue once it may leave the engine. Returns when it was sent.
     *
     * @throws TradingStoppedException if the engine does not accept orders now
     * @throws IllegalArgumentException if the id was used before
     * @throws io.veloz.wal.WalBusyException if too many orders wait to leave. The order was not accepted
     * @throws io.veloz.wal.WalException if the disk failed, or another engine has taken over. The order was not sent, and after
     *     a restart it may be in the log
     */
    public OrderState place(OrderNew order) {
        submit(order).await();
        return order(order.clientOrderId());
    }

    /**
     * Does the same as {@link #place(OrderNew)}, and returns false after a timeout. The order is then in the log, and leaves
     * the engine later, unless the engine ends before that.
     */
    public boolean place(OrderNew order, Duration timeout) throws InterruptedException {
        return submit(order).await(timeout);
    }

    private Outbox.Message submit(OrderNew order) {
        OrderLog open = opened();
        Health health = health();
        if (!health.ready()) {
            throw new TradingStoppedException(
                    "order " + order.clientOrderId() + " was not accepted: " + health.reason());
        }
        String id = order.clientOrderId();
        if (!leaving.add(id)) {
            throw placedBefore(id);
        }
        boolean accepted = false;
        try {
            if (open.store().get(id).isPresent()) {
                throw placedBefore(id);
            }
            Outbox.Message message = out().append(() -> open.append(order), () -> venue.send(order));
            message.whenLeft(() -> leaving.remove(id));
            accepted = true;
            return message;
        } finally {
            if (!accepted) {
                leaving.remove(id);
            }
        }
    }

    private static IllegalArgumentException placedBefore(String id) {
        return new IllegalArgumentException("order " + id + " has been placed before; expected a new id");
    }

    /** Requests a cancellation from the venue. The order is canceled when the venue confirms it; see {@link #canceled}. */
    public void cancel(String clientOrderId) {
        OrderState order = order(clientOrderId);
        if (!order.terminal()) {
            // With a record of its own: otherwise it would not wait for an archive that another engine has taken over.
            ByteBuffer id = ByteBuffer.wrap(clientOrderId.getBytes(StandardCharsets.UTF_8));
            Wal wal = opened().wal();
            out().append(() -> wal.append(CANCEL_REQUESTED, id), () -> venue.cancel(clientOrderId))
                    .await();
        }
    }

    // ---- reports of the venue, which are logged even while no new orders are accepted

    /** The venue has accepted the order. */
    public OrderState accepted(String clientOrderId, String venueOrderId, long eventNanos) {
        opened().appendDurable(new OrderUpdate(clientOrderId, venueOrderId, "ACCEPTED", "", eventNanos));
        return order(clientOrderId);
    }

    /** The venue has executed a part of the order. A duplicate delivery, identified by the trade id, counts once. */
    public OrderState filled(OrderFill fill) {
        opened().appendDurable(fill);
        return order(fill.clientOrderId());
    }

    /** The venue has canceled the order. */
    public OrderState canceled(String clientOrderId, String reason, long eventNanos) {
        opened().appendDurable(new OrderCancel(clientOrderId, reason, eventNanos));
        return order(clientOrderId);
    }

    // ---- queries

    /**
     * Returns the durable state of an order.
     *
     * @throws IllegalArgumentException if the id is unknown
     */
    public OrderState order(String clientOrderId) {
        return opened().store()
                .get(clientOrderId)
                .orElseThrow(() -> new IllegalArgumentException("unknown order " + clientOrderId));
    }

    /**
     * Returns the orders that have not ended. After a start, request the status of each from the venue: the crash may have
     * happened before the order was sent, or before a report of the venue was logged.
     */
    public List<OrderState> pending() {
        return opened().store().orders().stream()
                .filter(order -> !order.terminal())
                .toList();
    }

    /** Returns the health of the engine. Can be called at any time, even before and during {@link #start}. */
    public Health health() {
        boolean replayed = log != null;
        String failure = failed;
        if (failure != null) {
            // Only a restart helps, and it is safe, so the liveness probe may trigger it.
            return new Health(false, false, replayed, failure);
        }
        if (!replayed) {
            return new Health(true, false, false, "the log is being replayed");
        }
        String reason = archiveFailure();
        if (reason == null) {
            reason = outboxObstacle();
        }
        if (reason == null) {
            reason = diskFull;
        }
        return reason == null ? new Health(true, true, true, "") : new Health(true, false, true, reason);
    }

    private @Nullable String archiveFailure() {
        WalShipper shipping = shipper;
        if (shipping == null) {
            return null;
        }
        ShipperStatus status = shipping.status();
        WalFencedException fenced = status.fenced();
        if (fenced != null) {
            // The engine that took over the archive may already trade.
            return "another engine has taken over: " + fenced.getMessage();
        }
        WalShippingRefusedException refused = status.refused();
        // The archive may have orders that this log does not have.
        return refused == null ? null : "log and archive are inconsistent: " + refused.getMessage();
    }

    /** Returns why no order leaves the engine now; null if orders do. */
    @Nullable
    String outboxObstacle() {
        Outbox sending = outbox;
        return sending == null ? null : sending.obstacle();
    }

    /** Returns the statistics of the log. {@link io.veloz.wal.metrics.WalMetrics} binds them to Micrometer. */
    public WalStats stats() {
        return opened().wal().stats();
    }

    /** Returns the shipper, to wait until an order is archived and to monitor the lag; empty without an archive. */
    public Optional<WalShipper> shipper() {
        return Optional.ofNullable(shipper);
    }

    /** Returns the log, for the process that shows it. */
    OrderLog opened() {
        OrderLog open = log;
        if (open == null) {
            throw new IllegalStateException("the engine has not been started");
        }
        return open;
    }

    private Outbox out() {
        return Objects.requireNonNull(outbox, "outbox");
    }

    /** Sends the orders that may leave, commits and ships all pending records, and closes the log. */
    @Override
    public void close() {
        close(outbox, shipper, log);
    }

    /** Order matters: the outbox needs the shipper, and the shipper the log, until it has ended. */
    private static void close(@Nullable Outbox sending, @Nullable WalShipper shipping, @Nullable OrderLog open) {
        try {
            if (sending != null) {
                sending.close();
            }
        } finally {
            try {
                if (shipping != null) {
                    shipping.close();
                }
            } finally {
                if (open != null) {
                    open.close();
                }
            }
        }
    }

    /** Stops accepting orders as soon as the disk is full, while there is still space to log reports of the venue. */
    private final class StopTrading implements WalListener {
        @Override
        public void onDiskFull(String reason) {
            diskFull = "the disk is full: " + reason;
        }

        @Override
        public void onDiskFullEnded() {
            diskFull = null;
        }

        @Override
        public void onFailed(WalFailedException failure) {
            failed = "the log has failed: " + failure.getMessage();
        }
    }
}
