package io.veloz.wal.engine;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.http.CheckResult;
import io.veloz.wal.http.HttpReply;
import io.veloz.wal.http.LogState;
import io.veloz.wal.http.Probe;
import io.veloz.wal.http.WalHttpServer;
import io.veloz.wal.orders.OrderKeys;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderReplay;
import io.veloz.wal.orders.OrderStore;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The engine with its HTTP endpoints. It is replaying, read-only or live. Thread-safe.
 *
 * <p>A read-only engine replays the log with a reader and does not open it. {@code Wal.open} would take the lock, cut a torn
 * tail, and prepare the next segment, and a shipper would take the epoch of the archive from the engine that has it. The
 * reader changes no byte, rejects every log that an open rejects, and returns the same orders. So after a recovery an operator
 * can compare the orders with the venue while it is still possible to roll back.
 */
final class EngineProcess implements AutoCloseable {
    /** The state that requests see. Immutable. */
    private record Phase(
            LogState log,
            @Nullable OrderStore orders,
            @Nullable OrderEngine live) {
        LogState currentLog() {
            return live == null ? log : LogState.of(live.opened().wal());
        }

        String name() {
            return live != null ? "live" : orders != null ? "read-only" : "not ready";
        }
    }

    /** How long a request waits until its order has left the engine. */
    private static final Duration LONGEST_PLACE = Duration.ofSeconds(2);

    private final EngineOptions options;
    private final WalHttpServer server;
    private volatile Phase phase = new Phase(LogState.replaying(), null, null);
    private @Nullable OrderGenerator generator;

    /** The log as it was last replayed read-only; null before that. */
    private @Nullable RecoveryReport replayed;

    private boolean closed;

    /** Starts the server, which answers probes while the log is replayed. Call {@link #load} next. */
    EngineProcess(EngineOptions options) {
        this.options = options;
        WalHttpServer.Builder settings = WalHttpServer.builder()
                .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), options.port()))
                .log(() -> phase.currentLog())
                .orders(() -> Optional.ofNullable(phase.orders()))
                .shipper(this::shipper)
                .check("output", this::checkOutput, Probe.READY)
                .command("/api/admin/live", body -> change(this::goLive))
                .command("/api/admin/readonly", body -> change(this::goReadOnly))
                .command("/api/orders", this::place);
        options.metricsFile().ifPresent(settings::backupMetrics);
        options.maxBackupAges().forEach(settings::maxBackupAge);
        this.server = settings.start();
    }

    URI uri() {
        return server.uri();
    }

    private Optional<WalShipper> shipper() {
        OrderEngine live = phase.live();
        return live == null ? Optional.empty() : live.shipper();
    }

    private CheckResult checkOutput() {
        OrderEngine live = phase.live();
        String failure = live == null ? null : live.outboxObstacle();
        return failure == null ? CheckResult.passed("") : CheckResult.failed(failure);
    }

    /** Replays the log, and goes live unless the options demand a read-only start. Throws {@link WalException}. */
    void load() {
        if (options.readOnly()) {
            goReadOnly();
        } else {
            goLive();
        }
    }

    /**
     * Opens the log, replays it again, ships it, and accepts orders. If it fails, the phase does not change.
     *
     * @throws IllegalStateException if the directory no longer has the log that was replayed read-only
     */
    synchronized void goLive() {
        checkNotClosed();
        if (phase.live() != null) {
            return;
        }
        requireReplayedLog();
        ShipperConfig archive = options.archive()
                .map(uri -> ShipperConfig.builder(uri)
                        .takeOver(options.takeOver())
                        .recordKeys(new OrderKeys())
                        .build())
                .orElse(null);
        OrderEngine engine =
                new OrderEngine(OrderEngine.settings(options.wal()), new PaperVenue(), archive, options.publishWhen());
        engine.start();
        OrderStore orders = engine.opened().store();
        phase = new Phase(LogState.replaying(), orders, engine);
        if (options.ordersPerSecond() > 0) {
            generator = new OrderGenerator(engine, engine.opened().wal().lastSequence() + 1, options.ordersPerSecond());
        }
    }

    /**
     * An open would create a new log in an empty directory. An engine that was compared with the venue would then continue
     * without its orders.
     */
    private void requireReplayedLog() {
        RecoveryReport before = replayed;
        if (before == null || before.segments().isEmpty()) {
            return;
        }
        RecoveryReport now = WalRecovery.inspect(ReadOptions.of(options.wal()));
        if (now.segments().isEmpty()
                || !now.logId().equals(before.logId())
                || now.lastSequence() < before.lastSequence()) {
            throw new IllegalStateException(options.wal() + " has " + describe(now) + "; this engine has replayed "
                    + describe(before) + ": restore that log, or restart the engine and compare its orders again");
        }
    }

    private static String describe(RecoveryReport log) {
        return log.segments().isEmpty() ? "no log" : "log " + log.logId() + " up to record " + log.lastSequence();
    }

    /** Commits and ships everything, closes the log, and replays it without opening it. */
    synchronized void goReadOnly() {
        checkNotClosed();
        if (phase.orders() != null && phase.live() == null) {
            return;
        }
        try {
            closeLog(LogState.replaying());
            OrderReplay replay = OrderReplay.read(ReadOptions.of(options.wal()));
            replayed = replay.report().log();
            phase = new Phase(LogState.readOnly(replay.report().log().lastSequence()), replay.store(), null);
        } catch (RuntimeException e) {
            phase = new Phase(LogState.failed(String.valueOf(e.getMessage())), null, null);
            throw e;
        }
    }

    private void checkNotClosed() {
        if (closed) {
            throw new IllegalStateException("the engine is ending");
        }
    }

    /** Ends trading. Requests see the state before the log is closed, so that none of them meets a closed log. */
    private void closeLog(LogState after) {
        OrderGenerator generating = generator;
        if (generating != null) {
            generating.close();
            generator = null;
        }
        OrderEngine live = phase.live();
        phase = new Phase(after, null, null);
        if (live != null) {
            live.close();
        }
    }

    // ---- commands

    private HttpReply change(Runnable change) {
        try {
            change.run();
            return new HttpReply(200, describe());
        } catch (WalException | IllegalStateException e) {
            return error(409, e);
        }
    }

    /** Returns the phase and the position as JSON. */
    String describe() {
        Phase current = phase;
        OrderStore orders = current.orders();
        return "{\"mode\":" + Health.quoted(current.name()) + ",\"last_sequence\":"
                + current.currentLog().lastSequence() + ",\"orders\":" + (orders == null ? 0 : orders.count()) + "}";
    }

    private HttpReply place(String body) {
        OrderNew order;
        try {
            order = OrderRequest.parse(body);
        } catch (IllegalArgumentException e) {
            return error(400, e);
        }
        OrderEngine live = phase.live();
        if (live == null) {
            return new HttpReply(503, "{\"error\":\"the engine is " + phase.name() + " and accepts no order\"}");
        }
        String id = Health.quoted(order.clientOrderId());
        try {
            // The server has few threads. While the archive is unreachable, orders must not keep them from the probes.
            return live.place(order, LONGEST_PLACE)
                    ? new HttpReply(201, "{\"client_order_id\":" + id + "}")
                    : new HttpReply(202, "{\"client_order_id\":" + id + ",\"sent\":false}");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new HttpReply(503, "{\"error\":\"the engine is ending\"}");
        } catch (IllegalArgumentException e) {
            return error(409, e);
        } catch (TradingStoppedException | WalException | IllegalStateException e) {
            // Also if the engine became read-only at the same time.
            return error(503, e);
        }
    }

    private static HttpReply error(int status, RuntimeException e) {
        return new HttpReply(status, "{\"error\":" + Health.quoted(String.valueOf(e.getMessage())) + "}");
    }

    /** Commits and ships everything, closes the log, and stops the server, which answers probes until then. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            closeLog(LogState.closed());
        } finally {
            server.close();
        }
    }
}
