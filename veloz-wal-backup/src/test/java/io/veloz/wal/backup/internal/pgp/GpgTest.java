package io.veloz.wal.backup.internal.pgp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.TestKeys;
import io.veloz.wal.backup.internal.profile.Profile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;
import org.bouncycastle.openpgp.operator.PGPKeyPairGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stock gpg reads what a backup writes, and a recovery reads what gpg writes. */
@Timeout(120)
class GpgTest {
    @TempDir
    Path dir;

    private Path home;
    private TestKeys keys;
    private String operations;
    private String signer;

    private record Result(int exitCode, byte[] output, String errors) {}

    @BeforeEach
    void makeHome() throws Exception {
        assumeTrue(isInstalled(), "gpg is not installed: apt-get install gnupg");
        home = Files.createDirectory(
                dir.resolve("g"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        keys = new TestKeys(dir.resolve("keys"));
        operations = generate("operations@test", "future-default", "default", "never");
        signer = generate("signer@test", "future-default", "default", "never");
        Files.write(keys.directory.resolve("operations.asc"), export(operations, "--export"));
        Files.write(keys.directory.resolve("signer.asc"), export(signer, "--export"));
        keys.secret("operations.key", new String(export(operations, "--export-secret-keys"), StandardCharsets.UTF_8));
        keys.secret("signer.key", new String(export(signer, "--export-secret-keys"), StandardCharsets.UTF_8));
    }

    private byte[] export(String fingerprint, String what) throws Exception {
        Result exported =
                gpg(new byte[0], "--pinentry-mode", "loopback", "--passphrase", "", "--armor", what, fingerprint);
        assertThat(exported.output()).as(exported.errors()).isNotEmpty();
        return exported.output();
    }

    /** The lines of a profile with the keys that gpg made. */
    private String profileLines() {
        return keys.profileLines()
                .replace(TestKeys.fingerprint(keys.operations), operations)
                .replace(TestKeys.fingerprint(keys.signer), signer);
    }

    @AfterEach
    void endAgent() throws Exception {
        if (home != null) {
            new ProcessBuilder("gpgconf", "--homedir", home.toString(), "--kill", "all")
                    .start()
                    .waitFor();
        }
    }

    private static boolean isInstalled() throws InterruptedException {
        try {
            return new ProcessBuilder("gpg", "--version")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private Result gpg(byte[] input, String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("gpg", "--homedir", home.toString(), "--batch", "--no-tty", "--yes"));
        command.addAll(List.of(arguments));
        Path errors = dir.resolve("errors");
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        Thread writer = new Thread(() -> {
            try (OutputStream out = process.getOutputStream()) {
                out.write(input);
            } catch (IOException e) {
                // gpg ended before it read everything; its exit code tells.
            }
        });
        writer.start();
        byte[] output = process.getInputStream().readAllBytes();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        writer.join();
        return new Result(process.exitValue(), output, Files.readString(errors));
    }

    private static byte[] content() {
        byte[] content = new byte[1_500_000];
        new Random(7).nextBytes(content);
        return content;
    }

    private OpenPgp.Sender sender(String lines) throws IOException {
        Path file = dir.resolve("backup.properties");
        Files.writeString(file, "state.directory = state\nconfiguration.roots = etc\n" + lines);
        return OpenPgp.Sender.read(Profile.read(file).keys());
    }

    private Path message() throws IOException {
        Path message = dir.resolve("message.gpg");
        try (OutputStream file = Files.newOutputStream(message);
                OpenPgp.EncryptingStream out = sender(profileLines()).encrypt(file, "test")) {
            out.write(content());
            out.finish();
        }
        return message;
    }

    @Test
    void gpgReadsAMessageAndItsSignature() throws Exception {
        Result result = gpg(new byte[0], "--decrypt", message().toString());
        assertThat(result.exitCode()).as(result.errors()).isZero();
        assertThat(result.output()).isEqualTo(content());
        assertThat(result.errors()).contains("Good signature");
    }

    @Test
    void signatureOfAKeyThatPrefersSha3IsOneThatGpgVerifies() throws Exception {
        OpenPGPKey key = new BcOpenPGPApi()
                .generateKey(4, Date.from(Instant.now().minus(Duration.ofHours(1))))
                .withPrimaryKey(PGPKeyPairGenerator::generateLegacyEd25519KeyPair)
                .addUserId("sha3@test")
                .addSigningSubkey(PGPKeyPairGenerator::generateLegacyEd25519KeyPair)
                .build();
        Files.writeString(
                keys.directory.resolve("signer.asc"), key.toCertificate().toAsciiArmoredString());
        keys.secret("signer.key", key.toAsciiArmoredString());
        signer = TestKeys.fingerprint(key);
        gpg(new byte[0], "--import", keys.directory.resolve("signer.asc").toString());
        Result result = gpg(new byte[0], "--decrypt", message().toString());
        assertThat(result.errors()).contains("Good signature from \"sha3@test\"");
    }

    @Test
    void messageOfGpgIsRead() throws Exception {
        Result message = gpg(
                content(),
                "--trust-model",
                "always",
                "--local-user",
                signer,
                "--recipient",
                operations,
                "--sign",
                "--encrypt");
        assertThat(message.exitCode()).as(message.errors()).isZero();
        OpenPgp.DecryptingStream plain = receiver().open(new ByteArrayInputStream(message.output()), "");
        assertThat(plain.readAllBytes()).isEqualTo(content());
        plain.verify();
    }

    @Test
    void messageOfGpgWithoutASignatureIsDamage() throws Exception {
        Result message = gpg(content(), "--trust-model", "always", "--recipient", operations, "--encrypt");
        assertThatThrownBy(() -> receiver()
                        .open(new ByteArrayInputStream(message.output()), "")
                        .verify())
                .isInstanceOf(RecoveryException.class)
                .hasMessageContaining("no valid signature");
    }

    private OpenPgp.Receiver receiver() {
        return OpenPgp.Receiver.read(
                keys.directory.resolve("operations.key"), null, keys.directory.resolve("signer.asc"), signer);
    }

    // ---- keys that gpg made

    private String generate(String userId, String algorithm, String usage, String expires) throws Exception {
        Result made = gpg(new byte[0], "--passphrase", "", "--quick-generate-key", userId, algorithm, usage, expires);
        assertThat(made.exitCode()).as(made.errors()).isZero();
        return fingerprint(userId);
    }

    private String fingerprint(String userId) throws Exception {
        String listing = new String(
                gpg(new byte[0], "--with-colons", "--list-keys", userId).output(), StandardCharsets.UTF_8);
        return listing.lines()
                .filter(line -> line.startsWith("fpr:"))
                .findFirst()
                .orElseThrow()
                .split(":")[9];
    }

    private String lines(String fingerprint) throws Exception {
        Files.write(keys.directory.resolve("offline.asc"), export(fingerprint, "--export"));
        return profileLines().replace(TestKeys.fingerprint(keys.offline), fingerprint);
    }

    @Test
    void rsaKeyOfGpgIsARecipient() throws Exception {
        String fingerprint = generate("rsa@test", "rsa3072", "default", "never");
        gpg(new byte[0], "--passphrase", "", "--quick-add-key", fingerprint, "rsa3072", "encr", "never");
        assertThat(sender(lines(fingerprint)).recipients()).contains(fingerprint);
    }

    @Test
    void expiredCertificateIsRefused() throws Exception {
        String old = "20200101T000000!";
        gpg(
                new byte[0],
                "--faked-system-time",
                old,
                "--passphrase",
                "",
                "--quick-generate-key",
                "old@test",
                "default",
                "default",
                "1d");
        String fingerprint = fingerprint("old@test");
        assertThatThrownBy(() -> sender(lines(fingerprint)))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.KEY_UNUSABLE));
    }

    @Test
    void revokedCertificateIsRefused() throws Exception {
        String fingerprint = generate("revoked@test", "default", "default", "never");
        Path made = home.resolve("openpgp-revocs.d").resolve(fingerprint + ".rev");
        String certificate = Files.readString(made);
        gpg(certificate.replace(":-----BEGIN", "-----BEGIN").getBytes(StandardCharsets.UTF_8), "--import");
        assertThatThrownBy(() -> sender(lines(fingerprint)))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.KEY_UNUSABLE));
    }
}
