package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;

/**
 * An engine's log, configuration and secrets in a scratch directory, with keys and a profile for backups. The log has five
 * records, and is archived.
 */
final class BackedUpEngine {
    static final String MARKER = "marker-secret-4711";

    private static final BcOpenPGPApi API = new BcOpenPGPApi();
    private static final OpenPGPKey OPERATIONS = key("operations");
    private static final OpenPGPKey OFFLINE = key("offline");
    private static final OpenPGPKey SIGNER = key("signer");

    final Path directory;
    private String more = "";

    BackedUpEngine(Path directory) throws IOException {
        this.directory = directory;
        Files.createDirectories(directory.resolve("keys"));
        write("etc/veloz/config.yaml", "depth: 5\n", "rw-r--r--");
        write("etc/veloz/secrets/venue.key", MARKER, "rw-------");
        write("keys/operations.asc", OPERATIONS.toCertificate().toAsciiArmoredString(), "rw-r--r--");
        write("keys/offline.asc", OFFLINE.toCertificate().toAsciiArmoredString(), "rw-r--r--");
        write("keys/signer.asc", SIGNER.toCertificate().toAsciiArmoredString(), "rw-r--r--");
        write("keys/operations.key", OPERATIONS.toAsciiArmoredString(), "rw-------");
        write("keys/signer.key", SIGNER.toAsciiArmoredString(), "rw-------");
        Logs.ofOrders(log());
        ship();
        profile("");
    }

    private static OpenPGPKey key(String userId) {
        try {
            return API.generateKey(4, Date.from(Instant.now().minus(Duration.ofHours(1))))
                    .classicKey(userId)
                    .build();
        } catch (PGPException e) {
            throw new IllegalStateException(e);
        }
    }

    Path write(String name, String text, String mode) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, text.getBytes(StandardCharsets.UTF_8));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        return file;
    }

    Path log() {
        return directory.resolve("data/wal");
    }

    String archive() {
        return directory.resolve("archive").toUri().toString();
    }

    Path profile() {
        return directory.resolve("backup.properties");
    }

    Path config() {
        return directory.resolve("etc/veloz/config.yaml");
    }

    Path secret() {
        return directory.resolve("etc/veloz/secrets/venue.key");
    }

    /** Writes the profile, with more lines. */
    void profile(String lines) throws IOException {
        more = lines;
        profileWithout("");
    }

    /** Writes the profile without the lines that contain a text. */
    void profileWithout(String text) throws IOException {
        String lines = "archive = " + archive() + "\nstate.directory = state\nconfiguration.roots = etc/veloz\n"
                + "configuration.exclude = secrets/**\nsecrets.roots = etc/veloz/secrets\nlog.directory = data/wal\n"
                + "recipients = keys/operations.asc, keys/offline.asc\nrecipients.fingerprints = "
                + fingerprint(OPERATIONS)
                + ", " + fingerprint(OFFLINE) + "\nsigner.key = keys/signer.key\nsigner.fingerprint = "
                + fingerprint(SIGNER) + "\n" + more;
        List<String> kept = lines.lines()
                .filter(line -> text.isEmpty() || !line.contains(text))
                .toList();
        Files.write(profile(), kept);
    }

    private static String fingerprint(OpenPGPKey key) {
        return HexFormat.of().withUpperCase().formatHex(key.getFingerprint());
    }

    static String strangersKey() throws IOException {
        return key("stranger").toAsciiArmoredString();
    }

    void ship() {
        ToolRun.of("ship", "--once", "--take-over", Math.max(1, lastEpoch()), log(), archive())
                .exits(ExitCode.OK);
    }

    private long lastEpoch() {
        try (ObjectStore store = ObjectStores.open(archive())) {
            return ArchiveStatus.of(store).epoch();
        } catch (WalRestoreException e) {
            // There is no archive yet.
            return 0;
        }
    }

    /** Appends an order that is not archived. */
    void append(String id) {
        try (Wal wal = Logs.open(log())) {
            OrderEvent order = OrderNew.limit(id, "BTCUSDT", Side.BUY, 1, 100);
            wal.appendDurable(order.recordType(), new OrderCodec().encode(order));
        }
    }

    void loseEverything() throws IOException {
        delete(directory.resolve("etc/veloz"));
        delete(log());
    }

    static void delete(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Runs a command with the profile. */
    ToolRun run(Object... args) {
        List<Object> all = new ArrayList<>(Arrays.asList(args));
        all.add("--profile");
        all.add(profile());
        ToolRun run = ToolRun.of(all.toArray());
        assertThat(run.out() + run.err()).doesNotContain(MARKER, "PRIVATE KEY");
        return run;
    }

    /** Runs a command with the profile and the keys of a recovery. */
    ToolRun runWithKeys(Object... args) {
        List<Object> all = new ArrayList<>(Arrays.asList(args));
        all.addAll(List.of(
                "--key", directory.resolve("keys/operations.key"), "--signer", directory.resolve("keys/signer.asc")));
        return run(all.toArray());
    }

    /** Returns the file of an object whose key contains a text. */
    Path object(String folder, String text) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("archive").resolve(folder))) {
            return files.filter(file -> file.getFileName().toString().contains(text))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
