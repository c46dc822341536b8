package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.DrillReceipt.Check;
import io.veloz.wal.backup.DrillReceipt.Result;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A drill recovers everything next to production, and leaves nothing but its receipt. */
@Timeout(180)
class DrillTest {
    private static final Set<Kind> FILES = Set.of(Kind.CONFIGURATION, Kind.SECRETS);

    /** A place of production and an archive for all tests. */
    @TempDir
    static Path dir;

    private static TestKeys keys;
    private static ObjectStore store;

    /** For what one test makes. */
    @TempDir
    Path own;

    @BeforeAll
    static void makePoint() throws Exception {
        keys = new TestKeys(dir.resolve("keys"));
        Files.createDirectories(dir.resolve("etc/veloz/secrets"));
        Files.writeString(dir.resolve("etc/veloz/config.yaml"), "depth: 5\n");
        Path secret = Files.writeString(dir.resolve("etc/veloz/secrets/venue.key"), "marker-secret-4711");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        store = new DirectoryStore(dir.resolve("archive"));
        makePoint(dir, "wal", "orders", dir.resolve("archive"), store);
    }

    private static void makePoint(Path profiles, String log, String prefix, Path archive, ObjectStore to)
            throws Exception {
        WalConfig wal = WalConfig.builder(dir.resolve(log)).prefix(prefix).build();
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(wal).build());
                WalShipper shipper = WalShipper.start(
                        orders.wal(),
                        ShipperConfig.builder(archive.toUri().toString()).build())) {
            for (int i = 0; i < 5; i++) {
                orders.appendDurable(OrderNew.limit("order-" + i, "BTCUSDT", Side.BUY, 1, 100));
            }
            assertThat(shipper.awaitArchived(5, Duration.ofSeconds(30))).isTrue();
            new Backup(to, profile(profiles, ""), LogPosition.of(orders.wal())).run(FILES);
        }
    }

    @AfterAll
    static void closeStore() throws IOException {
        if (store != null) {
            store.close();
        }
    }

    private static String uri() {
        return dir.resolve("archive").toUri().toString();
    }

    private BackupProfile profile(String more) throws IOException {
        return profile(own, more);
    }

    private static BackupProfile profile(Path profiles, String more) throws IOException {
        Path file = profiles.resolve("backup.properties");
        Files.writeString(
                file,
                "state.directory = " + dir.resolve("state") + "\nconfiguration.roots = " + dir.resolve("etc/veloz")
                        + "\nconfiguration.exclude = secrets/**\nsecrets.roots = " + dir.resolve("etc/veloz/secrets")
                        + "\nengine.start-timeout = 60s\n" + keys.profileLines()
                        + (more.contains("log.directory") ? "" : "log.directory = " + dir.resolve("wal") + "\n")
                        + more);
        return BackupProfile.read(file);
    }

    /** An engine of one class, started from the class path of this test. */
    private static String engine(String arguments) {
        return "drill.engine = " + Path.of(System.getProperty("java.home"), "bin", "java") + " -cp "
                + System.getProperty("java.class.path") + " io.veloz.wal.backup.TestEngine " + arguments + "\n";
    }

    /** An engine that is a script. */
    private String script(String text) throws IOException {
        Path file = Files.writeString(own.resolve("engine.sh"), text);
        return "drill.engine = /bin/sh " + file + " {log} {port}\n";
    }

    private Path target() {
        return own.resolve("drill");
    }

    private DrillReceipt drill(BackupProfile profile) throws IOException {
        return new Drill(profile).run(store, uri(), DrillOptions.in(target()), keys.recovery(), RecoveryProgress.NONE);
    }

    private static Check check(DrillReceipt receipt, String name) {
        return receipt.checks().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no check " + name + " in " + receipt));
    }

    private static Result result(DrillReceipt receipt, String check) {
        return check(receipt, check).result();
    }

    private Map<String, String> production() throws IOException {
        Map<String, String> files = new TreeMap<>();
        for (String root : List.of("etc", "wal", "state", "keys")) {
            try (Stream<Path> walk = Files.walk(dir.resolve(root))) {
                for (Path file : walk.filter(Files::isRegularFile).toList()) {
                    files.put(file.toString(), Files.getLastModifiedTime(file) + " " + Files.size(file));
                }
            }
        }
        return files;
    }

    @Test
    void wholeEngineIsRecoveredNextToProduction() throws Exception {
        BackupProfile profile = profile(engine("--wal {log} --http {port}"));
        Map<String, String> before = production();
        DrillReceipt receipt = drill(profile);
        assertThat(receipt.checks())
                .as("%s", receipt)
                .allSatisfy(check -> assertThat(check.result()).isEqualTo(Result.PASSED));
        assertThat(receipt.result()).isEqualTo(Result.PASSED);
        assertThat(receipt.checks())
                .extracting(Check::name)
                .contains(
                        "log is restored and complete",
                        "configuration is present",
                        "secrets are decrypted",
                        "engine starts",
                        "/health/ready",
                        "/api/orders_state equals the replayed orders",
                        "/metrics shows the last record");
        assertThat(receipt.lastSequence()).isEqualTo(5);
        assertThat(receipt.recoveryPointAge()).isPresent();
        assertThat(receipt.recoveryTime()).isPositive();
        assertThat(production()).isEqualTo(before);
        assertThat(target()).doesNotExist();
    }

    @Test
    void receiptIsInTheArchiveAndNamesNoSecret() throws Exception {
        DrillReceipt receipt = drill(profile(""));
        List<StoredObject> receipts = store.list("receipts/", "").stream()
                .filter(object -> object.key().endsWith(receipt.id()))
                .toList();
        assertThat(receipts).hasSize(1);
        assertThat(receipts.get(0).key()).startsWith("receipts/00000000000000000001_");
        try (InputStream in = store.get(receipts.get(0).key())) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo(receipt.toJson())
                    .contains("\"point\" : 1", "\"result\" : \"INCONCLUSIVE\"", "rtoSeconds", "rpoSeconds")
                    .doesNotContain("marker-secret");
        }
        assertThat(receipt.toHtml())
                .contains("<svg", "log is restored and complete", "INCONCLUSIVE")
                .doesNotContain("marker-secret", "http://cdn", "<script");
    }

    @Test
    void drillWithoutAnEngineIsInconclusive() throws Exception {
        DrillReceipt receipt = drill(profile(""));
        assertThat(receipt.result()).isEqualTo(Result.INCONCLUSIVE);
        assertThat(result(receipt, "engine starts")).isEqualTo(Result.INCONCLUSIVE);
        assertThat(result(receipt, "secrets are decrypted")).isEqualTo(Result.PASSED);
    }

    @Test
    void outputOfTheEngineIsInNoReceipt() throws Exception {
        DrillReceipt receipt = drill(profile(script("echo password=marker-secret-4711; exit 3\n")));
        assertThat(receipt.result()).isEqualTo(Result.FAILED);
        assertThat(check(receipt, "engine starts").detail())
                .contains("the engine ended with exit code 3: see engine.output in the drill's directory");
        assertThat(receipt.toJson()).doesNotContain("marker-secret");
    }

    @Test
    void engineGetsNoVariableOfThisProcess() throws Exception {
        drill(profile(script("cat /proc/$$/environ > " + own.resolve("environment") + "; exit 3\n")));
        assertThat(Files.readString(own.resolve("environment")).split("\0", -1))
                .filteredOn(variable -> !variable.isEmpty())
                .containsExactlyInAnyOrder(
                        "PATH=" + System.getenv("PATH"), "HOME=" + target().resolve("home"), "LANG=C.UTF-8");
    }

    @Test
    void whatTheEngineStartedIsEnded() throws Exception {
        Path pid = own.resolve("pid");
        String orphan = "(setsid sleep 300 & echo $! > " + pid + ")\n";
        DrillReceipt receipt = drill(profile(script(orphan + "exit 3\n")));
        assertThat(result(receipt, "engine starts")).isEqualTo(Result.FAILED);
        assertThat(RunningProcess.runs(Files.readString(pid).strip())).isFalse();
    }

    @Test
    void directoryOfADrillIsClosedToOtherUsers() throws Exception {
        BackupProfile profile = profile(script("umask 000; echo x > file; echo output; exit 3\n"));
        DrillOptions options = DrillOptions.in(target()).keep();
        new Drill(profile).run(store, uri(), options, keys.recovery(), RecoveryProgress.NONE);
        try (Stream<Path> entries = Files.list(target())) {
            assertThat(entries)
                    .extracting(path -> path.getFileName() + " "
                            + PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .containsExactlyInAnyOrder(
                            "wal rwx------", "files rwx------", "home rwx------", "engine.output rw-------");
        }
        assertThat(target().resolve("engine.output")).hasContent("output");
        assertThat(target().resolve("home/file")).exists();
        assertThat(Files.getPosixFilePermissions(target()))
                .doesNotContain(PosixFilePermission.OTHERS_READ, PosixFilePermission.GROUP_READ);
    }

    @Test
    void directoryThatExistedIsEmptiedAndKept() throws Exception {
        Files.createDirectory(target());
        drill(profile(""));
        assertThat(target()).isEmptyDirectory();
    }

    @Test
    void interruptEndsTheDrillWithAReceipt() throws Exception {
        RecoveryProgress interrupting = new RecoveryProgress() {
            @Override
            public void onStep(String step) {
                if (step.equals("engine starts")) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void onBytes(String part, long done, long total) {}
        };
        BackupProfile profile = profile(script("exec sleep 300\n"));
        DrillReceipt receipt =
                new Drill(profile).run(store, uri(), DrillOptions.in(target()), keys.recovery(), interrupting);
        assertThat(Thread.interrupted()).as("the interrupt is for the caller").isTrue();
        assertThat(check(receipt, "engine starts"))
                .isEqualTo(new Check("engine starts", Result.INCONCLUSIVE, "the drill was interrupted"));
        assertThat(receipt.result()).isEqualTo(Result.INCONCLUSIVE);
        assertThat(store.list("receipts/", "")).anyMatch(object -> object.key().endsWith(receipt.id()));
        assertThat(target()).doesNotExist();
    }

    @Test
    void faultOfTheProgramIsInTheReceipt() throws Exception {
        RecoveryProgress failing = new RecoveryProgress() {
            @Override
            public void onStep(String step) {
                if (step.equals("log replays")) {
                    throw new IllegalStateException("marker-secret");
                }
            }

            @Override
            public void onBytes(String part, long done, long total) {}
        };
        DrillReceipt receipt =
                new Drill(profile("")).run(store, uri(), DrillOptions.in(target()), keys.recovery(), failing);
        assertThat(check(receipt, "log replays").result()).isEqualTo(Result.FAILED);
        assertThat(check(receipt, "log replays").detail())
                .startsWith("unexpected IllegalStateException at ")
                .endsWith("; the log of this machine has its message");
        assertThat(result(receipt, "secrets are decrypted")).isEqualTo(Result.PASSED);
    }

    @Test
    void receiptThatCannotBeStoredIsReturned() throws Exception {
        ObjectStore readOnly = (ObjectStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("putIfAbsent")) {
                        throw new StoreException("access denied", null);
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        DrillReceipt receipt = new Drill(profile(engine("--wal {log} --http {port}")))
                .run(readOnly, uri(), DrillOptions.in(target()), keys.recovery(), RecoveryProgress.NONE);
        assertThat(receipt.result()).isEqualTo(Result.INCONCLUSIVE);
        assertThat(check(receipt, "receipt is stored").detail()).contains("access denied");
        assertThat(result(receipt, "engine starts")).isEqualTo(Result.PASSED);
    }

    @Test
    void logWithAnotherPrefixIsReplayed() throws Exception {
        try (ObjectStore trades = new DirectoryStore(own.resolve("archive"))) {
            makePoint(own, "trades", "trades", own.resolve("archive"), trades);
            BackupProfile profile = profile("log.directory = " + dir.resolve("trades") + "\nlog.prefix = trades\n");
            DrillReceipt receipt = new Drill(profile)
                    .run(
                            trades,
                            own.resolve("archive").toUri().toString(),
                            DrillOptions.in(target()),
                            keys.recovery(),
                            RecoveryProgress.NONE);
            assertThat(check(receipt, "log replays"))
                    .isEqualTo(new Check("log replays", Result.PASSED, "5 orders after record 5"));
        }
    }

    @Test
    void signalEndsTheDrillAndWhatItStarted() throws Exception {
        Path started = own.resolve("started");
        assertThat(new ProcessBuilder("mkfifo", started.toString()).start().waitFor())
                .isZero();
        profile(script("sleep 300 &\necho $! $$ > " + started + "\nwait\n"));
        Process drill = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        DrillProcess.class.getName(),
                        own.resolve("backup.properties").toString(),
                        uri(),
                        target().toString(),
                        keys.directory.toString())
                .redirectErrorStream(true)
                .redirectOutput(own.resolve("output").toFile())
                .start();
        // Returns when the engine has written its line.
        String[] pids = Files.readString(started).strip().split(" ");
        drill.destroy();
        assertThat(drill.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(drill.exitValue())
                .as(Files.readString(own.resolve("output")))
                .isEqualTo(143);
        for (String pid : pids) {
            assertThat(RunningProcess.runs(pid)).isFalse();
        }
        assertThat(target()).doesNotExist();
    }

    @Test
    void damagedSecretsFailTheDrillAndTheOtherChecksAreMade() throws Exception {
        ObjectStore damaged = withChunk("secrets_", bytes -> bytes[bytes.length / 2]++);
        DrillReceipt receipt = new Drill(profile(""))
                .run(damaged, uri(), DrillOptions.in(target()), keys.recovery(), RecoveryProgress.NONE);
        assertThat(receipt.result()).isEqualTo(Result.FAILED);
        assertThat(result(receipt, "secrets are decrypted")).isEqualTo(Result.FAILED);
        assertThat(result(receipt, "configuration is present")).isEqualTo(Result.PASSED);
        assertThat(result(receipt, "log replays")).isEqualTo(Result.PASSED);
        assertThat(target()).doesNotExist();
    }

    /** Returns a store with a copy of the archive, of which one chunk is changed. */
    private ObjectStore withChunk(String name, Consumer<byte[]> change) throws IOException {
        Path copy = copyArchive();
        Path chunk;
        try (Stream<Path> files = Files.list(copy.resolve("attachments"))) {
            chunk = files.filter(file -> file.getFileName().toString().startsWith(name))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(chunk);
        change.accept(bytes);
        Files.write(chunk, bytes);
        return new DirectoryStore(copy);
    }

    private Path copyArchive() throws IOException {
        Path from = dir.resolve("archive");
        Path copy = own.resolve("copy");
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, copy.resolve(from.relativize(file).toString()));
            }
        }
        return copy;
    }

    @Test
    void directoryOfProductionIsRefused() throws Exception {
        BackupProfile profile = profile("");
        Files.createSymbolicLink(own.resolve("link"), dir.resolve("etc/veloz"));
        for (String name : List.of("etc/veloz/drill", "etc", "wal", "state/drill", own + "/link/drill", "")) {
            DrillOptions options = DrillOptions.in(dir.resolve(name));
            assertThatThrownBy(
                            () -> new Drill(profile).run(store, uri(), options, keys.recovery(), RecoveryProgress.NONE))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(dir.resolve("etc/veloz/config.yaml")).exists();
    }

    @Test
    void directoryThatIsNotEmptyIsRefusedAndKept() throws Exception {
        Path other = Files.createDirectories(target());
        Files.writeString(other.resolve("file"), "mine");
        BackupProfile profile = profile("");
        assertThatThrownBy(() -> drill(profile)).hasMessageContaining("not empty");
        assertThat(other.resolve("file")).hasContent("mine");
    }

    @Test
    void drillWithoutAPointFails() throws Exception {
        Path copy = copyArchive();
        Trees.delete(copy.resolve("points"));
        DrillReceipt receipt = new Drill(profile(""))
                .run(
                        new DirectoryStore(copy),
                        uri(),
                        DrillOptions.in(target()),
                        keys.recovery(),
                        RecoveryProgress.NONE);
        assertThat(receipt.result()).isEqualTo(Result.FAILED);
        assertThat(receipt.point()).isZero();
    }
}
