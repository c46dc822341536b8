package io.veloz.wal.engine;

import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalListener;
import io.veloz.wal.WalStats;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.orders.OrderCancel;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderLogReport;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderUpdate;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An order engine in small. Any thread may call any method; what happens to one order comes from one thread at a time.
 *
 * <p>The rule it keeps: first on disk, then in the store, then out to the venue. So a crash at any moment leaves an order
 * that the engine knows of, and never one at the venue that it does not.
 *
 * <pre>{@code
 * try (OrderEngine engine = new OrderEngine(OrderEngine.settings(directory), venue)) {
 *     engine.start();
 *     engine.pending().forEach(reconciliation::askVenueAbout);
 *     engine.place(OrderNew.limit("a-1", "BTCUSDT", Side.BUY, 0.5, 50_000.0));
 * }
 * }</pre>
 */
public final class OrderEngine implements AutoCloseable {
    private final OrderLogConfig config;
    private final Venue venue;
    private final @Nullable ShipperConfig archive;
    private volatile @Nullable WalShipper shipper;
    private volatile @Nullable OrderLog log;
    private volatile @Nullable String diskFull;
    private volatile @Nullable String failed;

    /** Opens nothing yet, so that probes can be answered while {@link #start} replays. */
    public OrderEngine(OrderLogConfig config, Venue venue) {
        this(config, venue, null);
    }

    /** As above, and ships the log from the start on, if there is an archive: {@code ShipperConfig.builder("s3://…").build()}. */
    public OrderEngine(OrderLogConfig config, Venue venue, @Nullable ShipperConfig archive) {
        this.config = config.toBuilder()
                .wal(config.wal().toBuilder().listener(new StopTrading()).build())
                .build();
        this.venue = venue;
        this.archive = archive;
    }

    /**
     * Settings that suit an engine: a checkpoint a minute or every 100,000 events keeps the replay at a start short, and
     * has what it covers trimmed. In a deployment take {@link OrderLogConfig#fromEnvironment} instead.
     */
    public static OrderLogConfig settings(Path directory) {
        return OrderLogConfig.builder(directory)
                .checkpointInterval(Duration.ofMinutes(1))
                .checkpointEveryRecords(100_000)
                .keepEndedOrders(Duration.ofDays(7))
                .build();
    }

    /**
     * Brings all orders back. When this returns the engine is ready.
     *
     * @throws io.veloz.wal.WalException if the log cannot be opened; its subclasses say what to do
     * @throws IllegalStateException if the engine has been started
     */
    public synchronized OrderLogReport start() {
        if (log != null) {
            throw new IllegalStateException("the engine has been started");
        }
        OrderLog opened = OrderLog.open(config);
        if (archive != null) {
            // Before the first order, and before anything is trimmed.
            shipper = WalShipper.start(opened.wal(), archive);
        }
        log = opened;
        return opened.recovery();
    }

    // ---- commands

    /**
     * Takes an order, and sends it to the venue once it is on disk.
     *
     * @throws TradingStoppedException if no order is taken at the moment
     * @throws IllegalArgumentException if there has been an order of that id
     * @throws WalFailedException if the disk failed: whether the order is in the log the restart will show; it was not sent
     */
    public OrderState place(OrderNew order) {
        OrderLog open = opened();
        Health health = health();
        if (!health.ready()) {
            throw new TradingStoppedException("order " + order.clientOrderId() + " was not taken: " + health.reason());
        }
        String id = order.clientOrderId();
        if (open.store().get(id).isPresent()) {
            throw new IllegalArgumentException("order " + id + " has been placed before; expected a new id");
        }
        open.appendDurable(order);
        venue.send(order);
        return order(id);
    }

    /** Asks the venue to cancel; the order is canceled when the venue says so, see {@link #canceled}. */
    public void cancel(String clientOrderId) {
        OrderState order = order(clientOrderId);
        if (!order.terminal()) {
            venue.cancel(clientOrderId);
        }
    }

    // ---- what the venue says. It has happened, so it is taken down even while no new order is taken.

    /** The venue has the order. */
    public OrderState accepted(String clientOrderId, String venueOrderId, long eventNanos) {
        opened().appendDurable(new OrderUpdate(clientOrderId, venueOrderId, "ACCEPTED", "", eventNanos));
        return order(clientOrderId);
    }

    /** The venue has executed some of it. A second delivery, told by the trade id, counts once. */
    public OrderState filled(OrderFill fill) {
        opened().appendDurable(fill);
        return order(fill.clientOrderId());
    }

    /** The venue has canceled it. */
    public OrderState canceled(String clientOrderId, String reason, long eventNanos) {
        opened().appendDurable(new OrderCancel(clientOrderId, reason, eventNanos));
        return order(clientOrderId);
    }

    // ---- questions

    /**
     * The order as it is on disk.
     *
     * @throws IllegalArgumentException if there is none of that id
     */
    public OrderState order(String clientOrderId) {
        return opened().store()
                .get(clientOrderId)
                .orElseThrow(() -> new IllegalArgumentException("there is no order " + clientOrderId));
    }

    /**
     * Orders from which more is expected. After a start ask the venue about each: a crash may have come before the order
     * was sent, or before its answer was taken down.
     */
    public List<OrderState> pending() {
        return opened().store().orders().stream()
                .filter(order -> !order.terminal())
                .toList();
    }

    /** Always answers, also before and during {@link #start}. */
    public Health health() {
        boolean replayed = log != null;
        String failure = failed;
        if (failure != null) {
            // Only a restart helps, and it is safe: a liveness probe may bring it about.
            return new Health(false, false, replayed, failure);
        }
        if (!replayed) {
            return new Health(true, false, false, "the log is being replayed");
        }
        WalShipper shipping = shipper;
        WalFencedException fenced = shipping == null ? null : shipping.status().fenced();
        if (fenced != null) {
            // Whoever took over the archive may trade by now.
            return new Health(true, false, true, "another engine has taken over: " + fenced.getMessage());
        }
        String full = diskFull;
        return full == null ? new Health(true, true, true, "") : new Health(true, false, true, full);
    }

    /** For a gauge or a page; {@link io.veloz.wal.metrics.WalMetrics} binds the same numbers to Micrometer. */
    public WalStats stats() {
        return opened().wal().stats();
    }

    /** To wait until an order is archived, and to ask how far behind the archive is; empty without an archive. */
    public Optional<WalShipper> shipper() {
        return Optional.ofNullable(shipper);
    }

    private OrderLog opened() {
        OrderLog open = log;
        if (open == null) {
            throw new IllegalStateException("the engine has not been started");
        }
        return open;
    }

    /** Commits and ships what is on its way, and closes the log. */
    @Override
    public void close() {
        WalShipper shipping = shipper;
        if (shipping != null) {
            shipping.close();
        }
        OrderLog open = log;
        if (open != null) {
            open.close();
        }
    }

    /** Stops taking orders as soon as the disk is in trouble, while there is still room for what the venue says. */
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
