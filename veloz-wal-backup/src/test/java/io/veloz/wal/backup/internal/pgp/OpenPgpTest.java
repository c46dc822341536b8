package io.veloz.wal.backup.internal.pgp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.TestKeys;
import io.veloz.wal.backup.internal.profile.Profile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.OpenPGPMessageGenerator;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenPgpTest {
    @TempDir
    Path dir;

    private TestKeys keys;

    @BeforeEach
    void makeKeys() throws IOException {
        keys = new TestKeys(dir.resolve("keys"));
    }

    private Profile profile(String keyLines) throws IOException {
        Path file = dir.resolve("backup.properties");
        Files.writeString(file, "state.directory = state\nconfiguration.roots = etc\n" + keyLines);
        return Profile.read(file);
    }

    private OpenPgp.Sender sender() throws IOException {
        return OpenPgp.Sender.read(profile(keys.profileLines()).keys());
    }

    private OpenPgp.Receiver receiver(String key) {
        return OpenPgp.Receiver.read(
                keys.directory.resolve(key),
                null,
                keys.directory.resolve("signer.asc"),
                TestKeys.fingerprint(keys.signer));
    }

    private static byte[] content(int bytes) {
        byte[] content = new byte[bytes];
        new Random(bytes).nextBytes(content);
        return content;
    }

    private byte[] message(byte[] content) throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        try (OpenPgp.EncryptingStream out = sender().encrypt(message, "test")) {
            out.write(content);
            out.finish();
        }
        return message.toByteArray();
    }

    private byte[] read(String key, byte[] message) throws IOException {
        OpenPgp.DecryptingStream plain = receiver(key).open(new ByteArrayInputStream(message), "test");
        byte[] content = plain.readAllBytes();
        plain.verify();
        return content;
    }

    private void assertRefused(byte[] message, Reason reason) {
        assertThatThrownBy(() -> read("operations.key", message))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    void eachRecipientAloneReadsTheMessage() throws IOException {
        byte[] content = content(3_000_000);
        byte[] message = message(content);
        assertThat(read("operations.key", message)).isEqualTo(content);
        assertThat(read("offline.key", message)).isEqualTo(content);
    }

    @Test
    void emptyMessageIsRead() throws IOException {
        assertThat(read("operations.key", message(new byte[0]))).isEmpty();
    }

    /** The key packet of the other recipient may change: this one does not read it. */
    @Test
    void changedBitAnywhereIsFoundOrHarmless() throws IOException {
        byte[] content = content(20_000);
        byte[] message = message(content);
        int found = 0;
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            int at = i < 60 ? message.length - 1 - i : random.nextInt(message.length);
            byte[] changed = message.clone();
            changed[at] ^= (byte) (1 << random.nextInt(8));
            try {
                assertThat(read("operations.key", changed))
                        .as("a bit changed at %d of %d", at, message.length)
                        .isEqualTo(content);
            } catch (RecoveryException e) {
                found++;
            }
        }
        assertThat(found).isGreaterThan(290);
    }

    @Test
    void cutMessageIsDamage() throws IOException {
        byte[] message = message(content(20_000));
        for (int bytes = message.length - 1; bytes > message.length - 200; bytes--) {
            assertRefused(Arrays.copyOf(message, bytes), Reason.DAMAGED);
        }
    }

    @Test
    void bytesAfterTheMessageAreDamage() throws IOException {
        byte[] message = message(content(100));
        assertRefused(Arrays.copyOf(message, message.length + 1), Reason.DAMAGED);
    }

    @Test
    void streamThatIsClosedWithoutFinishIsNoMessage() throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        try (OpenPgp.EncryptingStream out = sender().encrypt(message, "test")) {
            out.write(content(1_000_000));
        }
        assertRefused(message.toByteArray(), Reason.DAMAGED);
    }

    @Test
    void messageWithoutASignatureIsDamage() throws Exception {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        OpenPGPMessageGenerator generator = new BcOpenPGPApi().signAndOrEncryptMessage();
        generator.addEncryptionCertificate(keys.operations.toCertificate());
        try (OutputStream out = generator.setArmored(false).open(message)) {
            out.write(content(100));
        }
        assertRefused(message.toByteArray(), Reason.DAMAGED);
    }

    @Test
    void messageThatSomeoneElseSignedIsDamage() throws Exception {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        OpenPGPMessageGenerator generator = new BcOpenPGPApi().signAndOrEncryptMessage();
        generator.addEncryptionCertificate(keys.operations.toCertificate());
        generator.addSigningKey(TestKeys.key("signer"));
        try (OutputStream out = generator.setArmored(false).open(message)) {
            out.write(content(100));
        }
        assertRefused(message.toByteArray(), Reason.DAMAGED);
    }

    @Test
    void messageThatIsSignedAndNotEncryptedIsDamage() throws Exception {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        OpenPGPMessageGenerator generator = new BcOpenPGPApi().signAndOrEncryptMessage();
        generator.addSigningKey(keys.signer);
        try (OutputStream out = generator.setArmored(false).open(message)) {
            out.write(content(100));
        }
        assertRefused(message.toByteArray(), Reason.DAMAGED);
    }

    @Test
    void messageToOthersNeedsAnotherKey() throws IOException {
        keys.secret("stranger.key", TestKeys.key("stranger").toAsciiArmoredString());
        byte[] message = message(content(100));
        assertThatThrownBy(() -> read("stranger.key", message))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KEY_MISSING));
    }

    @Test
    void sourceThatFailsIsNotDamage() throws IOException {
        byte[] message = message(content(200_000));
        assertThatThrownBy(() -> receiver("operations.key")
                        .open(
                                new java.io.SequenceInputStream(
                                        new ByteArrayInputStream(Arrays.copyOf(message, 100_000)), new Reset()),
                                "test")
                        .verify())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("connection reset");
    }

    private static final class Reset extends InputStream {
        @Override
        public int read() throws IOException {
            throw new IOException("connection reset");
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            throw new IOException("connection reset");
        }
    }

    // ---- keys

    private void assertKeysRefused(String lines, BackupRefusedException.Reason reason, String message) {
        assertThatThrownBy(() -> OpenPgp.Sender.read(profile(lines).keys()))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message);
    }

    @Test
    void certificateWithAnotherFingerprintIsRefused() throws IOException {
        String lines = keys.profileLines()
                .replace(TestKeys.fingerprint(keys.offline), TestKeys.fingerprint(TestKeys.key("other")));
        assertKeysRefused(lines, BackupRefusedException.Reason.KEY_UNUSABLE, "the profile pins");
    }

    @Test
    void certificateThatOnlySignsIsRefused() throws IOException {
        OpenPGPKey signOnly = TestKeys.signOnlyKey("sign-only");
        keys.write("offline.asc", signOnly.toCertificate().toAsciiArmoredString());
        String lines = keys.profileLines().replace(TestKeys.fingerprint(keys.offline), TestKeys.fingerprint(signOnly));
        assertKeysRefused(lines, BackupRefusedException.Reason.KEY_UNUSABLE, "no usable encryption key");
    }

    @Test
    void fileThatIsNoKeyIsRefused() throws IOException {
        keys.write("offline.asc", "not a key");
        assertKeysRefused(keys.profileLines(), BackupRefusedException.Reason.NO_KEY, "offline.asc");
    }

    @Test
    void signingKeyThatOthersCanReadIsRefused() throws IOException {
        Files.setPosixFilePermissions(
                keys.directory.resolve("signer.key"), PosixFilePermissions.fromString("rw-r-----"));
        assertKeysRefused(keys.profileLines(), BackupRefusedException.Reason.NO_KEY, "expected mode 0600");
    }
}
