package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.DrillReceipt.Result;
import io.veloz.wal.backup.internal.drill.DrillServer;
import io.veloz.wal.backup.internal.place.StagingRecord;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.profile.DrillSettings;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderReplay;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
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
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Configuration, secrets, database and log of an engine are lost together, and come back as of one recovery point. */
@Timeout(600)
class WholeEngineTest {
    private static final Set<Kind> ALL = EnumSet.of(Kind.CONFIGURATION, Kind.SECRETS, Kind.DATABASE, Kind.ROLES);

    /** A short path: the operating system limits that of a socket. */
    private Path dir;

    private TestKeys keys;
    private ObjectStore store;
    private BackupProfile profile;
    private int port;

    private static Path serverDirectory;
    private static DrillServer server;

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

    private String uri() {
        return dir.resolve("archive").toUri().toString();
    }

    private BackupProfile profile(String more) throws IOException {
        return profile(more, server.socketDirectory().toString());
    }

    private BackupProfile profile(String more, String host) throws IOException {
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

    private void write(String name, String text) throws IOException {
        Path file = dir.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    private static void append(OrderLog orders, int first, int last) {
        for (int i = first; i <= last; i++) {
            orders.appendDurable(OrderNew.limit("order-" + i, "BTCUSDT", Side.BUY, 1, 100));
        }
    }

    private String psql(String database, String sql) throws IOException {
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

    @Test
    void databaseThatIsAheadOfTheLogIsRefused() throws IOException {
        psql("veloz", "UPDATE applied SET sequence = 900");
        Backup backup = new Backup(store, profile, () -> 5);
        assertThatThrownBy(() -> backup.run(Set.of(Kind.DATABASE)))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.DATABASE_AHEAD))
                .hasMessageContaining("has applied record 900 (database.applied-query), and the log ends at record 5");
        assertThat(RecoveryPoints.list(store)).hasSize(1);
    }

    @Test
    void valuesOfSettingsAndTheCommentOfTheDatabaseAreNotInThePoint() throws IOException {
        psql("postgres", "ALTER DATABASE veloz SET app.api_key = 'marker-secret-4711'");
        psql("postgres", "COMMENT ON DATABASE veloz IS 'password marker-secret-4711'");
        new Backup(store, profile, () -> 5).run(Set.of(Kind.DATABASE));
        try (Stream<Path> files = Files.walk(dir.resolve("archive"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain("marker-secret-4711");
            }
        }
        assertThat(dir.resolve("archive/points/00000000000000000002"))
                .content(StandardCharsets.ISO_8859_1)
                .contains("app.api_key");
    }

    /** Puts a point after the genuine one that names the same attachments, with other facts of the database. */
    private void forge(UnaryOperator<DatabaseFacts.Builder> change) throws Exception {
        PointChain chain = new PointChain(store);
        PointChain.Stored before = chain.read(chain.newest()).orElseThrow();
        RecoveryPoint point = before.point();
        List<Attachment> attachments = new ArrayList<>();
        for (Attachment genuine : point.attachments()) {
            Attachment.Builder attachment = Attachment.builder(genuine.kind(), genuine.id())
                    .taken(genuine.taken())
                    .bracket(genuine.bracket())
                    .plainBytes(genuine.plainBytes())
                    .contentMac(genuine.contentMac())
                    .roots(genuine.roots())
                    .recipients(genuine.recipients())
                    .signer(genuine.signer())
                    .chunks(genuine.chunks());
            genuine.database()
                    .ifPresent(facts ->
                            attachment.database(change.apply(facts.toBuilder()).build()));
            attachments.add(attachment.build());
        }
        assertThat(chain.put(RecoveryPoint.of(
                        point.number() + 1,
                        point.logId(),
                        before.sha256(),
                        point.made(),
                        point.host(),
                        point.tip(),
                        attachments)))
                .isTrue();
    }

    private void assertRefusedAndNothingChanged(String fact) throws Exception {
        write("etc/veloz/config.yaml", "in place");
        psql("veloz", "DELETE FROM accounts WHERE id = 1");
        Map<String, String> before = filesAndOwner();
        assertThatThrownBy(() -> recover(whole()))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.DAMAGED))
                .hasMessageContaining("the recovery point has the fact " + fact);
        assertThat(filesAndOwner()).isEqualTo(before);
    }

    private Map<String, String> filesAndOwner() throws IOException {
        return Map.of(
                "configuration",
                Files.readString(dir.resolve("etc/veloz/config.yaml")),
                "accounts",
                psql("veloz", "SELECT count(*), sum(balance) FROM accounts"),
                "owner",
                psql(
                        "postgres",
                        "SELECT pg_get_userbyid(datdba), datacl, datconnlimit FROM pg_database WHERE datname = 'veloz'"));
    }

    @Test
    void forgedPointCannotGiveTheDatabaseToAnotherOwner() throws Exception {
        String other = psql("postgres", "SELECT current_user").strip();
        forge(facts -> facts.owner(other));
        assertRefusedAndNothingChanged("owner");
    }

    @Test
    void forgedPointCannotGrantPrivilegesOnTheDatabase() throws Exception {
        forge(facts -> facts.acl("{postgres=CTc/veloz,=CTc/veloz}"));
        assertRefusedAndNothingChanged("acl");
    }

    @Test
    void forgedPointCannotClaimThatTheDatabaseHasAppliedMoreOfTheLog() throws Exception {
        forge(facts -> facts.applied(OptionalLong.of(3)));
        assertRefusedAndNothingChanged("applied");
    }

    private RecoveryOptions whole() {
        return RecoveryOptions.of(ALL).log(uri(), Map.of());
    }

    private RecoveryReport recover(RecoveryOptions options) throws IOException {
        Recovery recovery = new Recovery(profile);
        return recovery.run(store, recovery.plan(store, options), keys.recovery(), RecoveryProgress.NONE);
    }

    private Map<String, String> inPlace() throws IOException {
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

    private static final Map<String, String> OF_THE_POINT =
            Map.of("configuration", "of the point", "secret", "of the point", "accounts", "100|50500", "orders", "5");

    private void loseEverything() throws IOException {
        Trees.delete(dir.resolve("etc/veloz"));
        Trees.delete(dir.resolve("wal"));
        psql("postgres", "DROP DATABASE veloz");
        psql("postgres", "DROP ROLE veloz");
    }

    @Test
    void everythingIsRecoveredFromNothing() throws Exception {
        loseEverything();
        RecoveryReport report = recover(whole().createRoles());
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
        assertThat(psql(
                        "postgres",
                        "SELECT r.rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba"
                                + " WHERE datname = 'veloz'"))
                .isEqualTo("veloz");
        assertThat(report.gates()).allMatch(gate -> gate.startsWith("passed"));
        assertThat(report.findings()).anyMatch(finding -> finding.contains("without passwords"));
        assertThat(report.lastSequence()).isEqualTo(5);
    }

    @Test
    void missingRoleIsRefusedBeforeAnythingIsFetched() throws Exception {
        loseEverything();
        Recovery recovery = new Recovery(profile);
        assertThatThrownBy(() -> recovery.plan(store, whole()))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.ROLE_MISSING))
                .hasMessageContaining("veloz");
    }

    @Test
    void recoveredEngineIsStartedOnceComparedAndMadeLive() throws Exception {
        profile = profile("engine.start = " + dir.resolve("start.sh") + "\nengine.stop = " + dir.resolve("stop.sh")
                + "\nengine.url = http://127.0.0.1:" + port + "\nengine.start-timeout = 60s\n");
        script("start.sh", engine("") + " & echo $! > " + dir.resolve("pid"));
        script("stop.sh", "kill $(cat " + dir.resolve("pid") + ")");
        loseEverything();
        try {
            RecoveryReport report = recover(whole().createRoles().goLive());
            assertThat(report.started()).isTrue();
            assertThat(report.live()).isTrue();
            assertThat(report.gates()).allMatch(gate -> gate.startsWith("passed"));
            assertThat(report.took()).containsKeys("start", "verify", "go live");
        } finally {
            new ProcessBuilder(dir.resolve("stop.sh").toString()).start().waitFor();
        }
    }

    @Test
    void engineWithOtherOrdersIsStoppedAndEverythingCanBeRolledBack() throws Exception {
        profile = profile("engine.start = " + dir.resolve("start.sh") + "\nengine.stop = " + dir.resolve("stop.sh")
                + "\nengine.url = http://127.0.0.1:" + port + "\nengine.start-timeout = 60s\n");
        script("start.sh", engine("--forget-an-order") + " & echo $! > " + dir.resolve("pid"));
        script("stop.sh", "kill $(cat " + dir.resolve("pid") + "); echo stopped > " + dir.resolve("stopped"));
        write("etc/veloz/config.yaml", "newer");
        Map<String, String> before = inPlace();
        assertThatThrownBy(() -> recover(whole().start()))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.NOT_VERIFIED))
                .hasMessageContaining("4 orders; the log has 5");
        assertThat(dir.resolve("stopped")).exists();
        rollBackAndCleanUp();
        assertThat(inPlace()).isEqualTo(before);
    }

    @Test
    void engineThatAnswersIsNotReplaced() throws Exception {
        profile = profile("engine.url = http://127.0.0.1:" + port + "\n");
        HttpServer running = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        running.start();
        try {
            assertThatThrownBy(() -> recover(whole()))
                    .isInstanceOfSatisfying(
                            RecoveryException.class,
                            e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.ENGINE_RUNS))
                    .hasMessageContaining("a process accepts connections at");
        } finally {
            running.stop(0);
        }
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
    }

    private String engine(String more) {
        return Path.of(System.getProperty("java.home"), "bin", "java") + " -cp " + System.getProperty("java.class.path")
                + " io.veloz.wal.backup.TestEngine --wal " + dir.resolve("wal") + " --http " + port + " " + more
                + " > /dev/null 2>&1 < /dev/null";
    }

    private void script(String name, String text) throws IOException {
        Files.createDirectories(dir.resolve(name).getParent());
        Path file = Files.writeString(dir.resolve(name), "#!/bin/sh\n" + text + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    /** The death of the process. */
    private static final class Died extends Error {
        private static final long serialVersionUID = 1;
    }

    private boolean dies(int at) throws IOException {
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

    @Test
    void switchThatIsCutAnywhereIsResumedOrRolledBackTogetherWithTheDatabase() throws Exception {
        write("etc/veloz/config.yaml", "newer");
        psql("veloz", "UPDATE accounts SET balance = 0");
        Map<String, String> old = inPlace();
        int cuts = 0;
        while (dies(cuts + 1)) {
            cuts++;
            if (cuts % 2 == 0) {
                new Recovery(profile).resume(whole(), RecoveryProgress.NONE);
                assertThat(inPlace()).as("resumed after cut %d", cuts).containsAllEntriesOf(OF_THE_POINT);
            }
            rollBackAndCleanUp();
            assertThat(inPlace()).as("rolled back after cut %d", cuts).isEqualTo(old);
        }
        // Two renames for the configuration with the secrets in it, one step for the database, two renames for the log,
        // and the name of the journal.
        assertThat(cuts).isEqualTo(11);
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
        new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of()));
        assertThat(inPlace().get("databases")).isEqualTo("postgres template0 template1 veloz");
    }

    private void rollBackAndCleanUp() throws IOException {
        new Recovery(profile).rollBack(RecoveryOptions.of(Set.of()));
        new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of()));
    }

    @Test
    void whatWasWrittenToTheRecoveredDatabaseIsSetAsideByTheRollback() throws Exception {
        recover(whole());
        psql("veloz", "UPDATE accounts SET balance = 7 WHERE id = 1");
        assertThat(new Recovery(profile).rollBack(RecoveryOptions.of(Set.of()))).contains("database veloz_recovery_1");
        assertThat(psql("veloz", "SELECT balance FROM accounts WHERE id = 1")).isEqualTo("10");
        psql("postgres", "ALTER DATABASE veloz_recovery_1 ALLOW_CONNECTIONS true");
        assertThat(psql("veloz_recovery_1", "SELECT balance FROM accounts WHERE id = 1"))
                .isEqualTo("7");
        assertThat(new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of()))).contains("database veloz_recovery_1");
        assertThat(inPlace().get("databases")).isEqualTo("postgres template0 template1 veloz");
    }

    @Test
    void databaseThatARunHasStagedIsRemovedByTheCleanUpAndNoOther() throws Exception {
        psql("postgres", "CREATE DATABASE veloz_recovery_8");
        psql("postgres", "CREATE DATABASE veloz_recovery_9");
        psql(
                "postgres",
                "COMMENT ON DATABASE veloz_recovery_9 IS E'veloz-wal: staged by a recovery, not in use."
                        + " Original comment follows.\\n'");
        new StagingRecord(StateDirectory.open(dir.resolve("state")))
                .write(List.of("database veloz_recovery_8", "database veloz_recovery_9"));
        assertThat(new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of())))
                .containsExactly("database veloz_recovery_9");
        assertThat(inPlace().get("databases")).isEqualTo("postgres template0 template1 veloz veloz_recovery_8");
    }

    private static final RecoveryOptions NO_OPTIONS = RecoveryOptions.of(Set.of());

    @Test
    void rollbackBringsTheOldDatabaseBackThoughTheRecoveredOneIsLost() throws Exception {
        Map<String, String> old = inPlace();
        recover(whole());
        psql("postgres", "DROP DATABASE veloz");
        assertThatThrownBy(() -> new Recovery(profile).cleanUp(NO_OPTIONS))
                .isInstanceOf(RecoveryException.class)
                .hasMessageContaining("live missing");
        new Recovery(profile).rollBack(NO_OPTIONS);
        assertThat(inPlace()).isEqualTo(old);
    }

    @Test
    void rollbackLeavesTheLiveDatabaseThoughTheStagedOneIsLost() throws Exception {
        Map<String, String> old = inPlace();
        assertThat(dies(5)).isTrue();
        psql("postgres", "DROP DATABASE veloz_recovery_1");
        assertThatThrownBy(() -> new Recovery(profile).resume(NO_OPTIONS, RecoveryProgress.NONE))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.HALF_DONE));
        rollBackAndCleanUp();
        assertThat(inPlace()).isEqualTo(old);
    }

    @Test
    void rollbackIsRefusedBeforeItBeginsIfTheOldDatabaseIsLostAndLeavesItOutOnRequest() throws Exception {
        write("etc/veloz/config.yaml", "newer");
        recover(whole());
        psql("postgres", "DROP DATABASE veloz_before_recovery_1");
        assertThatThrownBy(() -> new Recovery(profile).rollBack(NO_OPTIONS))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.PLACE_UNUSABLE));
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
        new Recovery(profile).rollBack(NO_OPTIONS.withoutDatabase());
        assertThat(inPlace()).containsEntry("configuration", "newer").containsEntry("accounts", "100|50500");
        new Recovery(profile).cleanUp(NO_OPTIONS.withoutDatabase());
        assertThat(inPlace().get("databases")).isEqualTo("postgres template0 template1 veloz");
    }

    @Test
    void rollbackOfADatabaseAloneIsRefusedAfterTheEngineWrote() throws Exception {
        recover(RecoveryOptions.of(Set.of(Kind.DATABASE)));
        try (OrderLog orders =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            append(orders, 6, 6);
        }
        assertThatThrownBy(() -> new Recovery(profile).rollBack(NO_OPTIONS))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.LOG_DIVERGED));
        assertThat(new Recovery(profile).rollBack(NO_OPTIONS.setAsideChanges()))
                .containsExactly("database veloz_recovery_1");
    }

    @Test
    void stagedDatabaseOfAnotherHostIsNotDropped() throws Exception {
        psql("postgres", "CREATE DATABASE veloz_recovery_1");
        psql(
                "postgres",
                "COMMENT ON DATABASE veloz_recovery_1 IS E'veloz-wal: staged by a recovery, not in use."
                        + " Original comment follows.\\n'");
        assertThatThrownBy(() -> recover(whole()))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining("another host stages there");
        assertThat(inPlace().get("databases")).contains("veloz_recovery_1");
    }

    @Test
    void engineThatSomebodyHasStartedIsComparedAndNeverStoppedByAResume() throws Exception {
        profile = profile("engine.start = " + dir.resolve("start.sh") + "\nengine.stop = " + dir.resolve("stop.sh")
                + "\nengine.url = http://127.0.0.1:" + port + "\nengine.start-timeout = 60s\n");
        script("start.sh", engine("--forget-an-order") + " & echo $! > " + dir.resolve("pid"));
        script("stop.sh", "kill $(cat " + dir.resolve("pid") + "); echo stopped > " + dir.resolve("stopped"));
        recover(whole());
        new ProcessBuilder(dir.resolve("start.sh").toString()).start().waitFor();
        try {
            assertThatThrownBy(() -> {
                        while (true) {
                            // The engine is starting: until it answers, a resume would start another one.
                            if (answers()) {
                                new Recovery(profile).resume(whole().start(), RecoveryProgress.NONE);
                            }
                            LockSupport.parkNanos(50_000_000);
                        }
                    })
                    .isInstanceOf(RecoveryException.class)
                    .hasMessageContaining("it ran before, and runs on");
            assertThat(dir.resolve("stopped")).doesNotExist();
            assertThat(answers()).isTrue();
        } finally {
            new ProcessBuilder(dir.resolve("stop.sh").toString()).start().waitFor();
        }
    }

    private boolean answers() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void drillRestoresTheDatabaseIntoItsOwnServer() throws Exception {
        for (String program : List.of("psql", "pg_restore")) {
            script(
                    "programs/" + program,
                    "cat /proc/$$/environ >> " + dir.resolve("environment") + "; exec " + program + " \"$@\"");
        }
        profile = profile("drill.engine = " + Path.of(System.getProperty("java.home"), "bin", "java") + " -cp "
                + System.getProperty("java.class.path")
                + " io.veloz.wal.backup.TestEngine --wal {log} --http {port}\ndatabase.programs = programs\n");
        Map<String, String> before = inPlace();
        DrillReceipt receipt = new Drill(profile)
                .run(store, uri(), DrillOptions.in(dir.resolve("drill")), keys.recovery(), RecoveryProgress.NONE);
        assertThat(receipt.checks())
                .as("%s", receipt)
                .allSatisfy(check -> assertThat(check.result()).isEqualTo(Result.PASSED));
        assertThat(receipt.checks()).anyMatch(check -> check.name().equals("database is accessible and equal"));
        assertThat(receipt.versions()).containsKeys("PostgreSQL server of the dump", "PostgreSQL server of the drill");
        assertThat(dir.resolve("environment"))
                .content()
                .contains("HOME=" + dir.resolve("drill/pg"))
                .doesNotContain("\0PG");
        assertThat(inPlace()).isEqualTo(before);
        assertThat(dir.resolve("drill")).doesNotExist();
    }

    @Test
    void assessmentNamesTheCaseAndTheCommand() throws Exception {
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTART);
        Trees.delete(dir.resolve("wal"));
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTORE_LOG);
        assertThat(assess().next())
                .isEqualTo("veloz-wal recover-log " + uri() + " --profile " + profile.file() + " --plan");
        psql("postgres", "DROP DATABASE veloz");
        assertThat(assess().result()).isEqualTo(Assessment.Case.FULL_RECOVERY);
        assertThat(assess().next()).endsWith(" --key FILE --signer FILE --plan");
        psql("postgres", "DROP ROLE veloz");
        assertThat(assess().next()).endsWith(" --key FILE --signer FILE --create-roles --plan");
        psql("postgres", "CREATE ROLE veloz LOGIN");
        recover(RecoveryOptions.ofLog(uri(), Map.of()));
        assertThat(assess().result()).isEqualTo(Assessment.Case.RECOVER_DATABASE);
        // A complete recovery prevents another one.
        assertNext(
                Assessment.Case.RECOVER_DATABASE, tool("--clean-up") + "   (then assess again)", tool("--roll-back"));
        new Recovery(profile).cleanUp(NO_OPTIONS);
        recover(RecoveryOptions.of(Set.of(Kind.DATABASE)));
        new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of()));
        Trees.delete(dir.resolve("etc/veloz/secrets"));
        assertThat(assess().result()).isEqualTo(Assessment.Case.RECOVER_FILES);
        assertThat(assess().next()).startsWith("veloz-wal recover --no-log --kinds secrets " + uri());
        profile = profile("", "/nowhere");
        assertThat(assess().result()).isEqualTo(Assessment.Case.UNCLEAR);
        assertThat(assess().facts()).anyMatch(fact -> fact.name().equals("database") && !fact.intact());
    }

    @Test
    void assessmentLeadsAnInterruptedRecoveryToItsEnd() throws Exception {
        assertThat(dies(3)).isTrue();
        assertThat(assess().result()).isEqualTo(Assessment.Case.HALF_DONE);
        assertThat(assess().next()).isEqualTo("veloz-wal recover --resume --profile " + profile.file());
        assertThat(assess().alternative()).contains("veloz-wal recover --roll-back --profile " + profile.file());
        // Every step is done, and only the name of the journal still prevents a start of the engine.
        rollBackAndCleanUp();
        assertThat(dies(11)).isTrue();
        assertThat(dir.resolve("state/recovery.journal")).exists();
        assertThat(assess().result()).isEqualTo(Assessment.Case.HALF_DONE);
        new Recovery(profile).resume(whole(), RecoveryProgress.NONE);
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTART);
        assertThat(assess().facts())
                .filteredOn(fact -> fact.name().equals("earlier recovery"))
                .singleElement()
                .satisfies(fact ->
                        assertThat(fact.found()).startsWith("complete; ").contains("recover --clean-up"));
    }

    @Test
    void assessmentListsStagingThatAnInterruptedRecoveryHasLeft() throws Exception {
        Path files = Files.createDirectory(dir.resolve("etc/.veloz.recovery-7"));
        Path log = Files.createDirectory(dir.resolve(".wal.recovery-7"));
        Files.createDirectory(dir.resolve("etc/.other.recovery-7"));
        psql("postgres", "CREATE DATABASE veloz_recovery_7");
        psql(
                "postgres",
                "COMMENT ON DATABASE veloz_recovery_7 IS E'veloz-wal: staged by a recovery, not in use."
                        + " Original comment follows.\\n'");
        psql("postgres", "CREATE DATABASE veloz_recovery_8");
        assertThat(assess().facts())
                .filteredOn(fact -> fact.name().equals("staging"))
                .singleElement()
                .satisfies(fact -> assertThat(fact.found())
                        .startsWith("[" + files + ", " + log + ", database veloz_recovery_7] are of a recovery")
                        .contains("`veloz-wal recover --clean-up --profile " + profile.file() + "`"));
    }

    @Test
    void assessmentOfAReadOnlyEngineMakesItLive() throws Exception {
        profile = profile("engine.url = http://127.0.0.1:" + port + "\n");
        HttpServer readOnly = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        readOnly.start();
        try {
            assertThat(assess().result()).isEqualTo(Assessment.Case.READ_ONLY);
            assertThat(assess().next()).isEqualTo("curl -f -X POST http://127.0.0.1:" + port + "/api/admin/live");
            assertThat(assess().facts()).anyMatch(fact -> fact.found().contains(" answers: it runs read-only"));
        } finally {
            readOnly.stop(0);
        }
    }

    @Test
    void assessmentWithoutPointsRestoresTheLogOrMakesABackup() throws Exception {
        Trees.delete(dir.resolve("archive/points"));
        profile = profile("");
        try (OrderLog running =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            assertThat(assess().result()).isEqualTo(Assessment.Case.NO_POINTS);
            assertThat(assess().next()).isEqualTo("veloz-wal backup " + uri() + " --profile " + profile.file());
            assertThat(running.wal().lastSequence()).isEqualTo(5);
        }
        Trees.delete(dir.resolve("wal"));
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTORE_LOG);
        assertThat(assess().next()).isEqualTo("veloz-wal restore " + uri() + " " + dir.resolve("wal"));
        Trees.delete(dir.resolve("etc/veloz"));
        assertThat(assess().result()).isEqualTo(Assessment.Case.UNCLEAR);
        assertThat(assess().next()).startsWith("find the archive that has recovery points");
    }

    private String tool(String options) {
        return "veloz-wal recover " + options + " --profile " + profile.file();
    }

    private void assertNext(Assessment.Case result, String next, String... alternative) throws IOException {
        Assessment found = assess();
        assertThat(found.result()).as("%s", found).isEqualTo(result);
        assertThat(found.next()).isEqualTo(next);
        assertThat(found.alternative().stream()).containsExactly(alternative);
    }

    private String fact(String name) throws IOException {
        return assess().facts().stream()
                .filter(fact -> fact.name().equals(name))
                .map(Assessment.Fact::found)
                .findFirst()
                .orElseThrow();
    }

    private void rollBack() throws IOException {
        new Recovery(profile).rollBack(RecoveryOptions.of(Set.of()));
    }

    @Test
    void assessmentAfterARollbackStartsTheEngineByItsOwnCommand() throws Exception {
        recover(whole());
        rollBack();
        String remark = "   (`" + tool("--clean-up") + "` deletes what the rollback has set aside)";
        assertNext(Assessment.Case.RESTART, "start the engine" + remark);
        profile = profile("engine.start = /opt/veloz/start --read-only\nengine.url = http://127.0.0.1:" + port + "\n");
        assertNext(Assessment.Case.RESTART, "/opt/veloz/start --read-only" + remark);
        assertThat(fact("earlier recovery")).startsWith("rolled back; what it had put in place is kept until `");
        try (OrderLog running =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            assertNext(Assessment.Case.HEALTHY, tool("--clean-up"));
            assertThat(running.wal().lastSequence()).isEqualTo(5);
        }
    }

    @Test
    void assessmentOfAReadOnlyEngineResumesACompleteRecoveryButNotARolledBackOne() throws Exception {
        profile = profile("engine.url = http://127.0.0.1:" + port + "\n");
        recover(whole());
        HttpServer readOnly = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        readOnly.start();
        try {
            assertNext(Assessment.Case.READ_ONLY, tool("--resume --go-live"));
        } finally {
            readOnly.stop(0);
        }
        rollBack();
        readOnly = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        readOnly.start();
        try {
            assertNext(Assessment.Case.READ_ONLY, "curl -f -X POST http://127.0.0.1:" + port + "/api/admin/live");
        } finally {
            readOnly.stop(0);
        }
    }

    /** Begins a clean-up, and ends it after the given number of steps. */
    private void cutCleanUp(int at) {
        int[] left = {at};
        assertThatThrownBy(() -> new Recovery(profile, Clock.systemUTC(), () -> {
                            if (--left[0] == 0) {
                                throw new Died();
                            }
                        })
                        .cleanUp(NO_OPTIONS))
                .isInstanceOf(Died.class);
    }

    @Test
    void assessmentCompletesACleanUpThatWasCut() throws Exception {
        recover(whole());
        cutCleanUp(4);
        assertNext(Assessment.Case.HALF_DONE, tool("--clean-up"));
        assertThat(fact("earlier recovery"))
                .isEqualTo("its clean-up was interrupted: a part of [" + dir.resolve("etc/veloz.before-recovery-1")
                        + ", database veloz_before_recovery_1, " + dir.resolve("wal.before-recovery-1")
                        + "] is deleted, and nothing of it can be put back");
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertNext(Assessment.Case.RESTART, "start the engine");
    }

    @Test
    void assessmentOfALossDuringACleanUpKeepsTheCopiesThatAreLeft() throws Exception {
        recover(whole());
        cutCleanUp(2);
        psql("postgres", "DROP DATABASE veloz");
        assertNext(Assessment.Case.HALF_DONE, tool("--clean-up --without-database"));
        Trees.delete(dir.resolve("wal"));
        Path copy = dir.resolve("wal.before-recovery-1");
        assertNext(
                Assessment.Case.HALF_DONE,
                "mv " + copy + " " + copy + ".saved && mkdir " + dir.resolve("wal") + " && "
                        + tool("--clean-up --without-database") + " && rmdir " + dir.resolve("wal"));
    }

    @Test
    void assessmentOfADatabaseThatIsLostAfterARecoveryKeepsTheLastCopy() throws Exception {
        recover(whole());
        psql("postgres", "DROP DATABASE veloz");
        String puts =
                "   (puts back veloz_before_recovery_1, from before the recovery; the archive has the other copy)";
        String keeps = tool("--clean-up --without-database")
                + "   (keeps database veloz_before_recovery_1; then assess again)";
        assertNext(Assessment.Case.RECOVER_DATABASE, tool("--roll-back") + puts, keeps);
        assertThat(fact("database")).endsWith("; veloz_before_recovery_1, from before the recovery, exists");
        try (OrderLog written =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            append(written, 6, 6);
        }
        assertNext(Assessment.Case.RECOVER_DATABASE, tool("--roll-back --set-aside-changes") + puts, keeps);
        psql("postgres", "DROP DATABASE veloz_before_recovery_1");
        assertNext(
                Assessment.Case.RECOVER_DATABASE,
                tool("--clean-up --without-database") + "   (then assess again)",
                tool("--roll-back --without-database --set-aside-changes"));
    }

    @Test
    void assessmentOfRootsThatAreLostAfterARecoveryCopiesWhatTheRecoveryKept() throws Exception {
        recover(whole());
        Path root = dir.resolve("etc/veloz");
        Path kept = dir.resolve("etc/veloz.before-recovery-1");
        String remark = "   (from before the recovery; the archive has the other copy; then assess again)";
        Trees.delete(root.resolve("secrets"));
        assertNext(
                Assessment.Case.RECOVER_FILES,
                "cp -a " + kept.resolve("secrets") + " " + root.resolve("secrets") + remark);
        Trees.delete(root);
        assertNext(Assessment.Case.RECOVER_FILES, "cp -a " + kept + " " + root + remark);
        assertThat(new ProcessBuilder("cp", "-a", kept.toString(), root.toString())
                        .start()
                        .waitFor())
                .isZero();
        assertNext(Assessment.Case.RESTART, "start the engine");
        rollBack();
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
    }

    @Test
    void assessmentOfALogThatIsLostAfterARecoveryKeepsTheOneFromBefore() throws Exception {
        recover(whole());
        Path log = dir.resolve("wal");
        Path kept = dir.resolve("wal.before-recovery-1");
        Trees.delete(log);
        assertNext(
                Assessment.Case.RESTORE_LOG,
                "cp -a " + kept + " " + log
                        + "   (from before the recovery; the archive has the other copy; then assess again)");
        Files.createDirectory(log);
        assertNext(
                Assessment.Case.RESTORE_LOG,
                "mv " + kept + " " + kept + ".saved && " + tool("--clean-up") + "   (" + kept
                        + ".saved is the log from before the recovery; the archive has the other copy; then assess again)",
                tool("--roll-back --set-aside-changes"));
        Files.move(kept, dir.resolve("wal.before-recovery-1.saved"));
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertNext(
                Assessment.Case.RESTORE_LOG,
                "veloz-wal recover-log " + uri() + " --profile " + profile.file() + " --plan");
    }

    @Test
    void assessmentOfALossAfterARecoveryThatReplacedNothingCleansUpFirst() throws Exception {
        loseEverything();
        recover(whole().createRoles());
        Path root = dir.resolve("etc/veloz");
        Trees.delete(root.resolve("secrets"));
        assertNext(Assessment.Case.RECOVER_FILES, tool("--clean-up") + "   (then assess again)", tool("--roll-back"));
        Trees.delete(root);
        assertNext(
                Assessment.Case.RECOVER_FILES,
                "mkdir " + root + " && " + tool("--clean-up") + " && rmdir " + root + "   (then assess again)",
                "mkdir " + root + " && " + tool("--roll-back"));
    }

    @Test
    void assessmentOfALossAfterARollbackCleansUpFirst() throws Exception {
        loseEverything();
        recover(whole().createRoles());
        rollBack();
        assertNext(
                Assessment.Case.FULL_RECOVERY,
                tool("--clean-up") + "   (deletes [" + dir.resolve("etc/.veloz.recovery-1")
                        + ", database veloz_recovery_1, " + dir.resolve(".wal.recovery-1")
                        + "], which the recovery had put in place; the archive has the other copy; then assess again)");
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertThat(assess().next()).endsWith(" --key FILE --signer FILE --plan");
    }

    @Test
    void assessmentLeavesLostDatabasesOutOfAnInterruptedRecovery() throws Exception {
        assertThat(dies(3)).isTrue();
        profile = profile("", "/nowhere");
        assertNext(Assessment.Case.HALF_DONE, tool("--resume"), tool("--roll-back"));
        assertThat(fact("database"))
                .endsWith(
                        ". If the server is lost, --without-database leaves it out of recover --resume, --roll-back and"
                                + " --clean-up");
        profile = profile("");
        psql("postgres", "DROP DATABASE veloz");
        psql("postgres", "DROP DATABASE veloz_recovery_1");
        assertNext(
                Assessment.Case.HALF_DONE, tool("--resume --without-database"), tool("--roll-back --without-database"));
    }

    private Assessment assess() throws IOException {
        return Assessment.of(profile, Optional.of(store), uri());
    }
}
