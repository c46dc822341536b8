package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A drill recovers everything next to production, and leaves nothing but its receipt. */
@Timeout(180)
class DrillTest {
    private static final Set<Kind> FILES = Set.of(Kind.CONFIGURATION, Kind.SECRETS);

    @TempDir
    Path dir;

    private TestKeys keys;
    private ObjectStore store;

    @BeforeEach
    void makePoint() throws Exception {
        keys = new TestKeys(dir.resolve("keys"));
        Files.createDirectories(dir.resolve("etc/veloz/secrets"));
        Files.writeString(dir.resolve("etc/veloz/config.yaml"), "depth: 5\n");
        Path secret = Files.writeString(dir.resolve("etc/veloz/secrets/venue.key"), "marker-secret-4711");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        store = new DirectoryStore(archive());
        try (OrderLog orders =
                        OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build());
                WalShipper shipper = WalShipper.start(
                        orders.wal(), ShipperConfig.builder(uri()).build())) {
            for (int i = 0; i < 5; i++) {
                orders.appendDurable(OrderNew.limit("order-" + i, "BTCUSDT", Side.BUY, 1, 100));
            }
            assertThat(shipper.awaitArchived(5, Duration.ofSeconds(30))).isTrue();
            new Backup(store, profile(""), LogPosition.of(orders.wal())).run(FILES);
        }
    }

    @AfterEach
    void closeStore() throws IOException {
        store.close();
    }

    private Path archive() {
        return dir.resolve("archive");
    }

    private String uri() {
        return archive().toUri().toString();
    }

    private BackupProfile profile(String more) throws IOException {
        Path file = dir.resolve("backup.properties");
        Files.writeString(
                file,
                "state.directory = state\nconfiguration.roots = etc/veloz\nconfiguration.exclude = secrets/**\n"
                        + "secrets.roots = etc/veloz/secrets\nlog.directory = wal\nengine.start-timeout = 60s\n"
                        + keys.profileLines() + more);
        return BackupProfile.read(file);
    }

    /** An engine of one class, started from the class path of this test. */
    private static String engine(String arguments) {
        return "drill.engine = " + Path.of(System.getProperty("java.home"), "bin", "java") + " -cp "
                + System.getProperty("java.class.path") + " io.veloz.wal.backup.TestEngine " + arguments + "\n";
    }

    private DrillReceipt drill(BackupProfile profile) throws IOException {
        return new Drill(profile)
                .run(store, uri(), DrillOptions.in(dir.resolve("drill")), keys.recovery(), RecoveryProgress.NONE);
    }

    private static Result result(DrillReceipt receipt, String check) {
        return receipt.checks().stream()
                .filter(each -> each.name().equals(check))
                .map(Check::result)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no check " + check + " in " + receipt));
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
        assertThat(dir.resolve("drill")).doesNotExist();
    }

    @Test
    void receiptIsInTheArchiveAndNamesNoSecret() throws Exception {
        DrillReceipt receipt = drill(profile(""));
        List<StoredObject> receipts = store.list("receipts/", "");
        assertThat(receipts).hasSize(1);
        assertThat(receipts.get(0).key())
                .startsWith("receipts/00000000000000000001_")
                .endsWith(receipt.id());
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
    void engineThatEndsFailsTheDrill() throws Exception {
        DrillReceipt receipt = drill(profile(engine("--fail")));
        assertThat(receipt.result()).isEqualTo(Result.FAILED);
        assertThat(receipt.checks())
                .filteredOn(check -> check.name().equals("engine starts"))
                .allSatisfy(check -> assertThat(check.detail()).contains("exit code 3", "no such log"));
    }

    @Test
    void damagedSecretsFailTheDrillAndTheOtherChecksAreMade() throws Exception {
        Path chunk;
        try (Stream<Path> files = Files.list(archive().resolve("attachments"))) {
            chunk = files.filter(file -> file.getFileName().toString().startsWith("secrets_"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(chunk);
        bytes[bytes.length / 2]++;
        Files.write(chunk, bytes);
        DrillReceipt receipt = drill(profile(""));
        assertThat(receipt.result()).isEqualTo(Result.FAILED);
        assertThat(result(receipt, "secrets are decrypted")).isEqualTo(Result.FAILED);
        assertThat(result(receipt, "configuration is present")).isEqualTo(Result.PASSED);
        assertThat(result(receipt, "log replays")).isEqualTo(Result.PASSED);
        assertThat(dir.resolve("drill")).doesNotExist();
    }

    @Test
    void directoryOfProductionIsRefused() throws Exception {
        BackupProfile profile = profile("");
        Files.createSymbolicLink(dir.resolve("link"), dir.resolve("etc/veloz"));
        for (String name : List.of("etc/veloz/drill", "etc", "wal", "state/drill", "link/drill", "")) {
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
        Path other = Files.createDirectories(dir.resolve("drill"));
        Files.writeString(other.resolve("file"), "mine");
        BackupProfile profile = profile("");
        assertThatThrownBy(() -> drill(profile)).hasMessageContaining("not empty");
        assertThat(other.resolve("file")).hasContent("mine");
    }

    @Test
    void drillWithoutAPointFails() throws Exception {
        Trees.delete(archive().resolve("points"));
        DrillReceipt receipt = drill(profile(""));
        assertThat(receipt.result()).isEqualTo(Result.FAILED);
        assertThat(receipt.point()).isZero();
    }
}
