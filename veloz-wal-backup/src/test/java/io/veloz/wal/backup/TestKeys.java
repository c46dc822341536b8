package io.veloz.wal.backup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HexFormat;
import java.util.Optional;
import org.bouncycastle.bcpg.KeyIdentifier;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;

/** Keys of a backup, made for one test: two recipients and a signer. */
public final class TestKeys {
    private static final BcOpenPGPApi API = new BcOpenPGPApi();

    public final Path directory;
    public final OpenPGPKey operations;
    public final OpenPGPKey offline;
    public final OpenPGPKey signer;

    public TestKeys(Path directory) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.operations = key("operations");
        this.offline = key("offline");
        this.signer = key("signer");
        write("operations.asc", operations.toCertificate().toAsciiArmoredString());
        write("offline.asc", offline.toCertificate().toAsciiArmoredString());
        write("signer.asc", signer.toCertificate().toAsciiArmoredString());
        secret("signer.key", signer.toAsciiArmoredString());
        secret("operations.key", operations.toAsciiArmoredString());
        secret("offline.key", offline.toAsciiArmoredString());
    }

    /** Version 4. gpg 2.2 reads its certificate, and not its secret key. */
    public static OpenPGPKey key(String userId) throws IOException {
        try {
            return API.generateKey(4, Date.from(Instant.now().minus(Duration.ofHours(1))))
                    .classicKey(userId)
                    .build();
        } catch (PGPException e) {
            throw new IOException(e);
        }
    }

    public static OpenPGPKey signOnlyKey(String userId) throws IOException {
        try {
            return API.generateKey(4, Date.from(Instant.now().minus(Duration.ofHours(1))))
                    .signOnlyKey()
                    .addUserId(userId)
                    .build();
        } catch (PGPException e) {
            throw new IOException(e);
        }
    }

    public Path write(String name, String text) throws IOException {
        return Files.write(directory.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }

    public Path secret(String name, String text) throws IOException {
        Path file = write(name, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }

    public static String fingerprint(OpenPGPKey key) {
        return HexFormat.of().withUpperCase().formatHex(key.getFingerprint());
    }

    public static KeyIdentifier id(OpenPGPKey key) {
        return key.getKeyIdentifier();
    }

    /** The lines of a profile that name these keys. */
    public String profileLines() {
        return "recipients = " + directory.resolve("operations.asc") + ", " + directory.resolve("offline.asc")
                + "\nrecipients.fingerprints = " + fingerprint(operations) + ", " + fingerprint(offline)
                + "\nsigner.key = " + directory.resolve("signer.key")
                + "\nsigner.fingerprint = " + fingerprint(signer) + "\n";
    }

    public RecoveryKeys recovery() {
        return new RecoveryKeys(directory.resolve("operations.key"), Optional.empty(), directory.resolve("signer.asc"));
    }
}
