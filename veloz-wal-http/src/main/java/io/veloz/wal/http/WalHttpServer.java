package io.veloz.wal.http;

import com.sun.net.httpserver.HttpServer;
import io.veloz.wal.Wal;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A small HTTP server that shows the state of an engine. Thread-safe.
 *
 * <ul>
 *   <li>{@code /health}, {@code /health/live}, {@code /health/ready}, {@code /health/startup}: status 200 if all checks pass,
 *       503 otherwise; the JSON body has the reason of each check
 *   <li>{@code /api/orders_state}: all orders, as {@code {"items":[…]}}
 *   <li>{@code /metrics}: the text format of Prometheus
 *   <li>{@code /}: a page for operators, and its data in {@code /api/status}
 * </ul>
 *
 * <p>These accept GET and HEAD. The server listens on the loopback interface by default. It has no authentication and no TLS:
 * put a reverse proxy in front of it before it listens elsewhere. It uses at most eight threads, and disconnects clients that
 * send or receive too slowly.
 *
 * <pre>{@code
 * try (WalHttpServer server = WalHttpServer.builder()
 *         .log(orders.wal())
 *         .orders(orders.store())
 *         .shipper(shipper)
 *         .backupMetrics(Path.of("/var/lib/veloz-backup/metrics.prom"))
 *         .maxBackupAge("database", Duration.ofHours(26))
 *         .start()) {
 *     System.out.println("listening on " + server.uri());
 * }
 * }</pre>
 */
public final class WalHttpServer implements AutoCloseable {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /** Connections that wait to be accepted. */
    private static final int BACKLOG = 50;

    private final HttpServer server;
    private final RequestExecutor executor;
    private final AtomicBoolean closed = new AtomicBoolean();

    private WalHttpServer(Builder settings) throws IOException {
        InetSocketAddress address = settings.address;
        this.server = HttpServer.create(address, BACKLOG);
        String name = "veloz-wal-http " + server.getAddress().getPort();
        this.executor = new RequestExecutor(name, settings.readTimeout, settings.responseTimeout);
        server.setExecutor(executor);
        boolean onLoopback = server.getAddress().getAddress().isLoopbackAddress();
        server.createContext("/", new Router(settings.endpoints(), settings.commands, onLoopback, executor));
        server.start();
    }

    /** Returns a builder of a server that listens on 127.0.0.1:8080. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns the address with the actual port. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    /** Returns the URI of the page. */
    public URI uri() {
        InetSocketAddress address = server.getAddress();
        String host = address.getAddress().isAnyLocalAddress()
                ? InetAddress.getLoopbackAddress().getHostAddress()
                : address.getAddress().getHostAddress();
        return URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort() + "/");
    }

    /** Stops to listen, disconnects all clients, and returns when their requests have ended, after five seconds at most. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            server.stop(0);
            executor.close(CLOSE_TIMEOUT);
        }
    }

    @Override
    public String toString() {
        return "WalHttpServer[" + uri() + "]";
    }

    /** The settings of a server. Not thread-safe. */
    public static final class Builder {
        private InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080);
        private Supplier<LogState> log = LogState::replaying;
        private Supplier<Optional<OrderStore>> orders = Optional::empty;
        private @Nullable Supplier<Optional<WalShipper>> shipper;
        private Duration maxArchiveLag = Duration.ofMinutes(1);
        private @Nullable Path backupMetrics;
        private final Map<String, Duration> maxBackupAges = new TreeMap<>();
        private @Nullable Duration maxDrillAge;
        private final List<Check> checks = new ArrayList<>();
        private final Map<String, HttpCommand> commands = new LinkedHashMap<>();
        private Duration readTimeout = Duration.ofSeconds(5);
        private Duration responseTimeout = Duration.ofSeconds(30);
        private Clock clock = Clock.systemUTC();

        private Builder() {}

        /** Sets the address to listen on. Port 0 selects a free port. Default: 127.0.0.1:8080. */
        public Builder address(InetSocketAddress value) {
            address = Objects.requireNonNull(value, "address");
            return this;
        }

        /** Shows a log that is open. */
        public Builder log(Wal value) {
            Objects.requireNonNull(value, "log");
            return log(() -> LogState.of(value));
        }

        /** Shows a log that the process opens later, or only reads. Without a log, the server reports that it is replayed. */
        public Builder log(Supplier<LogState> value) {
            log = Objects.requireNonNull(value, "log");
            return this;
        }

        /** Shows the orders of a store. */
        public Builder orders(OrderStore value) {
            Optional<OrderStore> store = Optional.of(value);
            return orders(() -> store);
        }

        /** Shows the orders of a store that is available later; until then {@code /api/orders_state} has status 503. */
        public Builder orders(Supplier<Optional<OrderStore>> value) {
            orders = Objects.requireNonNull(value, "orders");
            return this;
        }

        /** Shows the archive. Needs the module veloz-wal-s3. */
        public Builder shipper(WalShipper value) {
            Optional<WalShipper> shipping = Optional.of(value);
            return shipper(() -> shipping);
        }

        /** Shows the archive, while the supplier returns a shipper. */
        public Builder shipper(Supplier<Optional<WalShipper>> value) {
            shipper = Objects.requireNonNull(value, "shipper");
            return this;
        }

        /** Sets the lag of the archive above which {@code /health} fails. Default: one minute. */
        public Builder maxArchiveLag(Duration value) {
            maxArchiveLag = positive("maxArchiveLag", value);
            return this;
        }

        /**
         * Shows the metrics that backup jobs write to a file in the text format of Prometheus. A missing or invalid file
         * fails {@code /health}.
         */
        public Builder backupMetrics(Path file) {
            backupMetrics = Objects.requireNonNull(file, "file");
            return this;
        }

        /**
         * Sets the age of the last successful backup above which {@code /health} fails. Default: no limit.
         *
         * @param kind configuration, secrets, database, roles or vault
         */
        public Builder maxBackupAge(String kind, Duration value) {
            if (!BackupMetrics.KINDS.contains(kind)) {
                throw new IllegalArgumentException("kind " + kind + ": expected one of " + BackupMetrics.KINDS);
            }
            maxBackupAges.put(kind, positive("maxBackupAge", value));
            return this;
        }

        /** Sets the age of the last drill that passed above which {@code /health} fails. Default: no limit. */
        public Builder maxDrillAge(Duration value) {
            maxDrillAge = positive("maxDrillAge", value);
            return this;
        }

        /**
         * Adds a check of the application. It is called on threads of the server, by several at the same time, and must
         * return quickly. If it throws, it has failed.
         *
         * @param probes the probes that fail with it; {@code /health} always does
         */
        public Builder check(String name, Supplier<CheckResult> check, Probe... probes) {
            checks.add(new Check(Objects.requireNonNull(name, "name"), Set.of(probes), check));
            return this;
        }

        /**
         * Adds a command, which clients execute with POST. Only this machine can, and no browser. Any process and user of
         * this machine can.
         *
         * @param path begins with "/", for example {@code /api/admin/live}
         */
        public Builder command(String path, HttpCommand command) {
            if (!path.startsWith("/") || commands.put(path, Objects.requireNonNull(command, "command")) != null) {
                throw new IllegalArgumentException("command " + path + ": expected a new path that begins with /");
            }
            return this;
        }

        /**
         * Sets the longest times for receiving a request and for producing and sending its response. Default: 5 and 30
         * seconds.
         */
        public Builder timeouts(Duration read, Duration response) {
            readTimeout = positive("read timeout", read);
            responseTimeout = positive("response timeout", response);
            return this;
        }

        /** Sets the clock for the age of backups. Default: the system clock. */
        public Builder clock(Clock value) {
            clock = Objects.requireNonNull(value, "clock");
            return this;
        }

        private static Duration positive(String name, Duration value) {
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException(name + " " + value + ": expected more than zero");
            }
            return value;
        }

        /**
         * Starts the server.
         *
         * @throws UncheckedIOException if it cannot listen on the address
         * @throws IllegalArgumentException if a backup age is limited without a metrics file, or a command has the path of
         *     an endpoint
         */
        public WalHttpServer start() {
            if (backupMetrics == null && (!maxBackupAges.isEmpty() || maxDrillAge != null)) {
                throw new IllegalArgumentException(
                        "an age of backups or drills is limited, but there is no metrics file");
            }
            try {
                return new WalHttpServer(this);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot listen on " + address + ": " + e.getMessage(), e);
            }
        }

        private Map<String, Router.Endpoint> endpoints() {
            ArchiveSection archive = shipper == null ? ArchiveSection.NONE : new ArchiveView(shipper, maxArchiveLag);
            BackupMetricsFile backups = backupMetrics == null ? null : new BackupMetricsFile(backupMetrics);
            Health health = new Health(allChecks(archive, backups));
            Response page = Page.load();
            Map<String, Router.Endpoint> endpoints = new LinkedHashMap<>();
            endpoints.put("/", () -> page);
            endpoints.put("/health", () -> health.respond(null));
            endpoints.put("/health/live", () -> health.respond(Probe.LIVE));
            endpoints.put("/health/ready", () -> health.respond(Probe.READY));
            endpoints.put("/health/startup", () -> health.respond(Probe.STARTUP));
            endpoints.put("/metrics", new MetricsEndpoint(log, archive, backups, clock));
            endpoints.put("/api/orders_state", new OrdersEndpoint(orders, log));
            endpoints.put("/api/status", new StatusEndpoint(log, orders, archive, backups, health, clock));
            for (String path : commands.keySet()) {
                if (endpoints.containsKey(path)) {
                    throw new IllegalArgumentException("command " + path + ": the server has an endpoint there");
                }
            }
            return endpoints;
        }

        private List<Check> allChecks(ArchiveSection archive, @Nullable BackupMetricsFile backups) {
            List<Check> all = new ArrayList<>(new LogChecks(log).checks());
            all.addAll(archive.checks());
            if (backups != null) {
                all.addAll(new BackupChecks(backups, maxBackupAges, maxDrillAge, clock).checks());
            }
            all.addAll(checks);
            return all;
        }
    }
}
