package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.internal.drill.DrillServer;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.backup.internal.profile.DrillSettings;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderReplay;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** An engine with configuration, secrets, database and log, of which a recovery point was made. */
abstract class EngineWithDatabase {
    static final Set<Kind> ALL = EnumSet.of(Kind.CONFIGURATION, Kind.SECRETS, Kind.DATABASE, Kind.ROLES);

    /** A short path: the operating system limits that of a socket. */
    Path dir;

    TestKeys keys;
    ObjectStore store;
    BackupProfile profile;
    int port;

    static Path serverDirectory;
    static DrillServer server;

    @BeforeAll
    static void startServer() throws IOException {
        DrillSettings settings = new DrillSettings(
                List.of(),
                Optional.empty(),
                "postgres",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        Optional<Path> programs = DrillServer.programs(settings, 14);
        assumeTrue(programs.isPresent(), "PostgreSQL is not installed: install postgresql");
        serverDirectory = Files.createTempDirectory("we-");
        Files.setPosixFilePermissions(serverDirectory, PosixFilePermissions.fromString("rwxr-xr-x"));
        server = DrillServer.start(programs.orElseThrow(), serverDirectory.resolve("pg"), settings);
    }

    @AfterAll
    static void stopServer() throws IOException {
        if (server != null) {
            server.close();
            Trees.delete(serverDirectory);
        }
    }

    @BeforeEach
    void makePoint() throws Exception {
        dir = Files.createTempDirectory("we-");
        // The server of a drill may run as another user, who has to reach its directory.
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        psql("postgres", "CREATE ROLE veloz LOGIN");
        psql("postgres", "CREATE DATABASE veloz OWNER veloz");
        psql("veloz", "CREATE TABLE accounts (id int PRIMARY KEY, balance int); ALTER TABLE accounts OWNER TO veloz");
        psql("veloz", "CREATE TABLE applied (sequence bigint); INSERT INTO applied VALUES (2)");
        psql("veloz", "INSERT INTO accounts SELECT i, 10 * i FROM generate_series(1, 100) i");
        keys = new TestKeys(dir.resolve("keys"));
        write("etc/veloz/config.yaml", "of the point");
        write("etc/veloz/secrets/venue.key", "of the point");
        profile = profile("");
        store = new DirectoryStore(dir.resolve("archive"));
        try (OrderLog orders =
                        OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build());
                WalShipper shipper = WalShipper.start(
                        orders.wal(), ShipperConfig.builder(uri()).build())) {
            append(orders, 1, 3);
            assertThat(shipper.awaitArchived(3, Duration.ofSeconds(30))).isTrue();
            BackupReport report = new Backup(store, profile, LogPosition.of(orders.wal())).run(ALL);
            assertThat(report.stored()).isEqualTo(ALL);
            append(orders, 4, 5);
            assertThat(shipper.awaitArchived(5, Duration.ofSeconds(30))).isTrue();
        }
    }

    @AfterEach
    void dropEverything() throws IOException {
        store.close();
        for (String name : psql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'veloz%'")
                .split("\n")) {
            if (!name.isEmpty()) {
                psql("postgres", "DROP DATABASE " + name);
            }
        }
        psql("postgres", "DROP ROLE IF EXISTS veloz");
        Trees.delete(dir);
    }

    String uri() {
        return dir.resolve("archive").toUri().toString();
    }

    BackupProfile profile(String more) throws IOException {
        return profile(more, server.socketDirectory().toString());
    }

    BackupProfile profile(String more, String host) throws IOException {
        Path file = dir.resolve("backup.properties");
        Files.writeString(
                file,
                "state.directory = state\nconfiguration.roots = etc/veloz\nconfiguration.exclude = secrets/**\n"
                        + "secrets.roots = etc/veloz/secrets\nlog.directory = wal\n"
                        + "database.name = veloz\ndatabase.host = " + host
                        + "\ndatabase.port = 5432\ndatabase.user = drill\ndatabase.rows = public.accounts\n"
                        + "database.applied-query = SELECT max(sequence) FROM applied\n"
                        + keys.profileLines() + more);
        return BackupProfile.read(file);
    }

    void write(String name, String text) throws IOException {
        Path file = dir.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    static void append(OrderLog orders, int first, int last) {
        for (int i = first; i <= last; i++) {
            orders.appendDurable(OrderNew.limit("order-" + i, "BTCUSDT", Side.BUY, 1, 100));
        }
    }

    String psql(String database, String sql) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "psql",
                "-X",
                "-w",
                "-At",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                server.socketDirectory().toString()));
        command.addAll(List.of("-p", "5432", "-U", "drill", "-d", database, "-c", sql));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            assertThat(process.waitFor()).as(output).isZero();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return output;
    }

    RecoveryOptions whole() {
        return RecoveryOptions.of(ALL).log(uri(), Map.of());
    }

    RecoveryReport recover(RecoveryOptions options) throws IOException {
        Recovery recovery = new Recovery(profile);
        return recovery.run(store, recovery.plan(store, options), keys.recovery(), RecoveryProgress.NONE);
    }

    Map<String, String> inPlace() throws IOException {
        Map<String, String> state = new TreeMap<>();
        state.put("configuration", Files.readString(dir.resolve("etc/veloz/config.yaml")));
        state.put("secret", Files.readString(dir.resolve("etc/veloz/secrets/venue.key")));
        state.put("accounts", psql("veloz", "SELECT count(*), sum(balance) FROM accounts"));
        state.put("databases", psql("postgres", "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database"));
        state.put(
                "orders",
                String.valueOf(OrderReplay.read(ReadOptions.of(dir.resolve("wal")))
                        .store()
                        .count()));
        return state;
    }

    static final Map<String, String> OF_THE_POINT =
            Map.of("configuration", "of the point", "secret", "of the point", "accounts", "100|50500", "orders", "5");

    void loseEverything() throws IOException {
        Trees.delete(dir.resolve("etc/veloz"));
        Trees.delete(dir.resolve("wal"));
        psql("postgres", "DROP DATABASE veloz");
        psql("postgres", "DROP ROLE veloz");
    }

    String engine(String more) {
        return Path.of(System.getProperty("java.home"), "bin", "java") + " -cp " + System.getProperty("java.class.path")
                + " io.veloz.wal.backup.TestEngine --wal " + dir.resolve("wal") + " --http " + port + " " + more
                + " > /dev/null 2>&1 < /dev/null";
    }

    void script(String name, String text) throws IOException {
        Files.createDirectories(dir.resolve(name).getParent());
        Path file = Files.writeString(dir.resolve(name), "#!/bin/sh\n" + text + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    /** The death of the process. */
    static final class Died extends Error {
        private static final long serialVersionUID = 1;
    }

    boolean dies(int at) throws IOException {
        int[] left = {at};
        Recovery recovery = new Recovery(profile, Clock.systemUTC(), () -> {
            if (--left[0] == 0) {
                throw new Died();
            }
        });
        RecoveryPlan plan = recovery.plan(store, whole());
        try {
            recovery.run(store, plan, keys.recovery(), RecoveryProgress.NONE);
            return false;
        } catch (Died e) {
            return true;
        }
    }

    void rollBackAndCleanUp() throws IOException {
        new Recovery(profile).rollBack(RecoveryOptions.of(Set.of()));
        new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of()));
    }

    static final RecoveryOptions NO_OPTIONS = RecoveryOptions.of(Set.of());

    boolean answers() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }
}
