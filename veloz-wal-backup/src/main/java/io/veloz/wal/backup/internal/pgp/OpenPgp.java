package io.veloz.wal.backup.internal.pgp;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.internal.profile.KeySettings;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.bcpg.CompressionAlgorithmTags;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.SymmetricKeyAlgorithmTags;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.api.MessageEncryptionMechanism;
import org.bouncycastle.openpgp.api.OpenPGPCertificate;
import org.bouncycastle.openpgp.api.OpenPGPEncryptionNegotiator;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.OpenPGPMessageGenerator;
import org.bouncycastle.openpgp.api.OpenPGPMessageInputStream;
import org.bouncycastle.openpgp.api.OpenPGPMessageProcessor;
import org.bouncycastle.openpgp.api.OpenPGPSignature.OpenPGPDocumentSignature;
import org.bouncycastle.openpgp.api.SignatureParameters;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts to certificates and signs with the backup's key; decrypts and demands that signature (RFC 9580, in the form that
 * gpg 2.2 reads: SEIPD version 1 with MDC). No keyring, agent or trust database takes part: keys are files, pinned by their
 * whole fingerprints. Any thread may use it.
 */
public final class OpenPgp {
    private static final BcOpenPGPApi API = new BcOpenPGPApi();
    /** What gpg 2.2 reads, whatever else the recipients' keys offer. */
    private static final OpenPGPEncryptionNegotiator INTEGRITY_PROTECTED = new OpenPGPEncryptionNegotiator() {
        @Override
        public MessageEncryptionMechanism negotiateEncryption(OpenPGPMessageGenerator generator) {
            return MessageEncryptionMechanism.integrityProtected(SymmetricKeyAlgorithmTags.AES_256);
        }
    };

    /** gpg 2.2 does not verify SHA-3, which may be the first preference of a key. */
    private static final SignatureParameters.Callback WITH_SHA_512 = new SignatureParameters.Callback() {
        @Override
        public SignatureParameters apply(SignatureParameters parameters) {
            return parameters.setSignatureHashAlgorithm(HashAlgorithmTags.SHA512);
        }
    };

    private static final int BUFFER_BYTES = 64 * 1024;
    private static final long KEY_MAX_BYTES = 1024 * 1024;

    private OpenPgp() {}

    // ---- keys

    /** What a backup needs: certificates to encrypt to, and the key that signs. */
    public static final class Sender {
        private final List<OpenPGPCertificate> recipients;
        private final OpenPGPKey signer;
        private final char @Nullable [] passphrase;

        private Sender(List<OpenPGPCertificate> recipients, OpenPGPKey signer, char @Nullable [] passphrase) {
            this.recipients = recipients;
            this.signer = signer;
            this.passphrase = passphrase;
        }

        /**
         * Reads all keys of a profile, and encrypts and signs an empty message with them: what is wrong with a key is found
         * before anything is read or stored.
         *
         * @throws BackupRefusedException NO_KEY or KEY_UNUSABLE
         */
        public static Sender read(KeySettings profile) {
            List<OpenPGPCertificate> recipients = new ArrayList<>();
            for (Map.Entry<Path, String> recipient : profile.recipients().entrySet()) {
                recipients.add(certificate(recipient.getKey(), recipient.getValue()));
            }
            OpenPGPKey signer;
            char[] passphrase;
            try {
                requirePrivate(profile.signerKey());
                signer = API.readKeyOrCertificate().parseKey(readKey(profile.signerKey()));
                Path passphraseFile = profile.signerPassphraseFile().orElse(null);
                passphrase = passphraseFile == null ? null : passphrase(passphraseFile);
            } catch (IOException | RuntimeException e) {
                throw new BackupRefusedException(
                        BackupRefusedException.Reason.NO_KEY, "the signing key cannot be read: " + e.getMessage(), e);
            }
            requireFingerprint(profile.signerKey(), fingerprint(signer), profile.signerFingerprint());
            Sender sender = new Sender(recipients, signer, passphrase);
            try (EncryptingStream out = sender.encrypt(OutputStream.nullOutputStream(), "test")) {
                out.finish();
            } catch (IOException e) {
                throw new BackupRefusedException(
                        BackupRefusedException.Reason.KEY_UNUSABLE, "the keys cannot be used: " + e.getMessage(), e);
            }
            return sender;
        }

        /** Their fingerprints. */
        public List<String> recipients() {
            return recipients.stream().map(OpenPgp::fingerprint).toList();
        }

        public String signer() {
            return fingerprint(signer);
        }

        /** When the first of the recipients' certificates expires; null if none does. */
        public @Nullable Instant firstExpiry() {
            @Nullable Instant first = null;
            for (OpenPGPCertificate recipient : recipients) {
                Date expires = recipient.getExpirationTime();
                if (expires != null && (first == null || expires.toInstant().isBefore(first))) {
                    first = expires.toInstant();
                }
            }
            return first;
        }

        /**
         * Starts a message. Whatever is written to the stream is encrypted; the message is valid only after
         * {@link EncryptingStream#finish}.
         *
         * @param name of the content, at most 255 bytes. It is inside of the encryption, so without a private key nobody can
         *     put one signed content in the place of another
         * @throws IOException if a key refuses, or the target fails
         */
        public EncryptingStream encrypt(OutputStream target, String name) throws IOException {
            try {
                OpenPGPMessageGenerator generator = API.signAndOrEncryptMessage();
                generator.setArmored(false);
                generator.setAllowPadding(false);
                // Only the name is taken from it; there is no such file.
                generator.setFileMetadata(new File(name));
                generator.setCompressionNegotiator((messageGenerator, policy) -> CompressionAlgorithmTags.UNCOMPRESSED);
                generator.setPublicKeyBasedEncryptionNegotiator(INTEGRITY_PROTECTED);
                for (OpenPGPCertificate recipient : recipients) {
                    generator.addEncryptionCertificate(recipient);
                }
                if (passphrase == null) {
                    generator.addSigningKey(signer, WITH_SHA_512);
                } else {
                    generator.addSigningKey(signer, key -> passphrase.clone(), WITH_SHA_512);
                }
                return new EncryptingStream(generator.open(new KeptOpen(target)));
            } catch (PGPException e) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }

    /** What a recovery needs: private keys, and the certificate of the signer. */
    public static final class Receiver {
        private final List<OpenPGPKey> keys;
        private final char @Nullable [] passphrase;
        private final OpenPGPCertificate signer;

        private Receiver(List<OpenPGPKey> keys, char @Nullable [] passphrase, OpenPGPCertificate signer) {
            this.keys = keys;
            this.passphrase = passphrase;
            this.signer = signer;
        }

        /**
         * Reads the keys of a recovery.
         *
         * @param keyFile a private key of a recipient, mode 0600
         * @param passphraseFile of that key; null if it has none
         * @param signerFile the certificate, or the key, of the signer
         * @param signerFingerprint that it must have
         * @throws RecoveryException KEY_MISSING
         */
        public static Receiver read(
                Path keyFile, @Nullable Path passphraseFile, Path signerFile, String signerFingerprint) {
            try {
                requirePrivate(keyFile);
                OpenPGPKey key = API.readKeyOrCertificate().parseKey(readKey(keyFile));
                OpenPGPCertificate signer = API.readKeyOrCertificate().parseKeyOrCertificate(readKey(signerFile));
                if (!fingerprint(signer).equals(signerFingerprint)) {
                    throw new IOException(signerFile + " has the fingerprint " + fingerprint(signer)
                            + "; the profile pins " + signerFingerprint);
                }
                char[] passphrase = passphraseFile == null ? null : passphrase(passphraseFile);
                return new Receiver(List.of(key), passphrase, signer);
            } catch (IOException | RuntimeException e) {
                throw new RecoveryException(
                        RecoveryException.Reason.KEY_MISSING, "the keys cannot be read: " + e.getMessage(), e);
            }
        }

        /**
         * Opens a message.
         *
         * @param name that the content must have
         * @throws RecoveryException KEY_MISSING if no key decrypts it; DAMAGED if it is not an OpenPGP message
         * @throws IOException if the source fails
         */
        public DecryptingStream open(InputStream message, String name) throws IOException {
            OpenPGPMessageProcessor processor = API.decryptAndOrVerifyMessage();
            for (OpenPGPKey key : keys) {
                if (passphrase == null) {
                    processor.addDecryptionKey(key);
                } else {
                    processor.addDecryptionKey(key, passphrase.clone());
                }
            }
            processor.addVerificationCertificate(signer);
            Source source = new Source(message);
            try {
                return new DecryptingStream(source, processor.process(source), signer, name);
            } catch (PGPException e) {
                throw source.failed(
                        e, RecoveryException.Reason.KEY_MISSING, "no key decrypts it, or its passphrase is wrong");
            } catch (IOException | RuntimeException e) {
                throw source.failed(
                        e, RecoveryException.Reason.DAMAGED, "it is not an OpenPGP message that can be read");
            }
        }
    }

    private static OpenPGPCertificate certificate(Path file, String expected) {
        OpenPGPCertificate certificate;
        try {
            certificate = API.readKeyOrCertificate().parseCertificate(readKey(file));
        } catch (IOException | RuntimeException e) {
            throw new BackupRefusedException(
                    BackupRefusedException.Reason.NO_KEY,
                    "the certificate of a recipient cannot be read: " + file + ": " + e.getMessage(),
                    e);
        }
        requireFingerprint(file, fingerprint(certificate), expected);
        if (certificate.getEncryptionKeys().isEmpty()) {
            throw new BackupRefusedException(
                    BackupRefusedException.Reason.KEY_UNUSABLE,
                    file + ": no usable encryption key: it is expired, revoked, or for signing only");
        }
        return certificate;
    }

    private static void requireFingerprint(Path file, String got, String expected) {
        if (!got.equals(expected)) {
            throw new BackupRefusedException(
                    BackupRefusedException.Reason.KEY_UNUSABLE,
                    file + " has the fingerprint " + got + "; the profile pins " + expected);
        }
    }

    private static byte[] readKey(Path file) throws IOException {
        long bytes = Files.size(file);
        if (bytes > KEY_MAX_BYTES) {
            throw new IOException(file + " has " + bytes + " bytes; expected a key of at most " + KEY_MAX_BYTES);
        }
        return Files.readAllBytes(file);
    }

    /** A private key or a passphrase that others can read is no secret any more. */
    private static void requirePrivate(Path file) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
        for (PosixFilePermission permission : permissions) {
            if (!permission.name().startsWith("OWNER")) {
                throw new IOException(file + " is accessible to others than its owner; expected mode 0600");
            }
        }
    }

    private static char[] passphrase(Path file) throws IOException {
        requirePrivate(file);
        byte[] bytes = readKey(file);
        CharBuffer chars = StandardCharsets.UTF_8.decode(java.nio.ByteBuffer.wrap(bytes));
        int length = chars.length();
        while (length > 0 && (chars.charAt(length - 1) == '\n' || chars.charAt(length - 1) == '\r')) {
            length--;
        }
        char[] passphrase = new char[length];
        chars.get(passphrase);
        Arrays.fill(bytes, (byte) 0);
        Arrays.fill(chars.array(), '\0');
        return passphrase;
    }

    private static String fingerprint(OpenPGPCertificate certificate) {
        return HexFormat.of().withUpperCase().formatHex(certificate.getFingerprint());
    }

    // ---- streams

    /** Tells a source that fails from a message that is damaged. */
    private static final class Source extends java.io.FilterInputStream {
        private @Nullable IOException failure;

        /** Of the source itself: a chunk that is missing, say. */
        private @Nullable RecoveryException refused;

        Source(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            int count = read(one, 0, 1);
            return count < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            try {
                return in.read(bytes, from, Math.min(length, BUFFER_BYTES));
            } catch (IOException e) {
                failure = e;
                throw e;
            } catch (RecoveryException e) {
                refused = e;
                throw e;
            }
        }

        RuntimeException failed(Exception e, RecoveryException.Reason reason, String what) throws IOException {
            if (failure != null) {
                throw failure;
            }
            if (refused != null) {
                throw refused;
            }
            // The library's own mistakes on malformed input say nothing to a user.
            String detail = e instanceof RuntimeException ? "" : ": " + e.getMessage();
            return new RecoveryException(reason, what + detail, e);
        }
    }

    /**
     * The content of a message. An OpenPGP reader hands out all bytes before it can know whether they were changed and who
     * signed them: nothing that was read may be used before {@link #verify} has returned.
     */
    public static final class DecryptingStream extends InputStream {
        private final Source source;
        private final OpenPGPMessageInputStream plain;
        private final OpenPGPCertificate signer;
        private final String name;
        private boolean ended;

        private DecryptingStream(
                Source source, OpenPGPMessageInputStream plain, OpenPGPCertificate signer, String name) {
            this.source = source;
            this.plain = plain;
            this.signer = signer;
            this.name = name;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            if (ended || length == 0) {
                return ended ? -1 : 0;
            }
            try {
                int count = plain.read(target, from, length);
                // The library's stream must not be read again after its end.
                ended = count < 0;
                return count;
            } catch (IOException | RuntimeException e) {
                throw source.failed(e, RecoveryException.Reason.DAMAGED, "the message was changed or cut");
            }
        }

        /**
         * Reads the rest, and returns when the integrity of all of it and the signature of the pinned signer are proven.
         *
         * @throws RecoveryException DAMAGED
         * @throws IOException if the source fails
         */
        public void verify() throws IOException {
            transferTo(OutputStream.nullOutputStream());
            try {
                // Only here the integrity is checked.
                plain.close();
            } catch (IOException | RuntimeException e) {
                throw source.failed(e, RecoveryException.Reason.DAMAGED, "the message was changed or cut");
            }
            if (source.read() >= 0) {
                throw damaged("there are bytes after the end of the message");
            }
            MessageEncryptionMechanism encryption = plain.getResult().getEncryptionMethod();
            if (encryption == null || !encryption.isEncrypted()) {
                throw damaged("the message is not encrypted");
            }
            List<OpenPGPDocumentSignature> signatures = plain.getResult().getSignatures();
            if (signatures.stream().noneMatch(this::isOfSigner)) {
                throw damaged("no valid signature of " + fingerprint(signer) + " among " + signatures.size()
                        + ": anyone with the public keys could have written the message");
            }
            if (!name.equals(plain.getResult().getFilename())) {
                throw damaged(
                        "the message contains \"" + plain.getResult().getFilename() + "\"; expected \"" + name + "\"");
            }
        }

        private boolean isOfSigner(OpenPGPDocumentSignature signature) {
            try {
                return signature.isTestedCorrect()
                        && signature.getIssuerCertificate() != null
                        && Arrays.equals(signature.getIssuerCertificate().getFingerprint(), signer.getFingerprint())
                        && signature.isValid();
            } catch (PGPException e) {
                return false;
            }
        }

        private static RecoveryException damaged(String what) {
            return new RecoveryException(RecoveryException.Reason.DAMAGED, what);
        }

        @Override
        public void close() {
            // The source belongs to the caller, and the end of the message is checked by verify alone.
        }
    }

    /** The end of a message closes the stream that it is written to, which belongs to the caller. */
    private static final class KeptOpen extends java.io.FilterOutputStream {
        KeptOpen(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
        }

        @Override
        public void close() throws IOException {
            out.flush();
        }
    }

    /**
     * A message that is being written. Closing it without {@link #finish} leaves an unfinished message, which no reader
     * accepts: a stream that is closed after a failure must not become a valid message around half of the content.
     */
    public static final class EncryptingStream extends OutputStream {
        private final OutputStream message;

        private EncryptingStream(OutputStream message) {
            this.message = message;
        }

        @Override
        public void write(int b) throws IOException {
            message.write(b);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            message.write(bytes, from, length);
        }

        /** Ends the message: signs it and adds the integrity check. Once, after everything was written successfully. */
        public void finish() throws IOException {
            message.close();
        }

        @Override
        public void close() {
            // Not the message: see above. The target belongs to the caller.
        }
    }
}
