package io.veloz.wal.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.SignatureSubpacketTags;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPSignatureSubpacketGenerator;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.SignatureParameters;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;
import org.bouncycastle.openpgp.operator.PGPKeyPairGenerator;

/**
 * The keys of the backups: of two recipients and the signer. An operator makes them with gpg; these are made without it, for
 * one run of the demo. The private key of one recipient is not used, so it is not written. Immutable.
 */
final class DemoKeys {
    private static final List<String> NAMES = List.of("operations", "offline", "signer");

    private final Path directory;
    private final Map<String, String> fingerprints;

    private DemoKeys(Path directory, Map<String, String> fingerprints) {
        this.directory = directory;
        this.fingerprints = fingerprints;
    }

    /** Makes keys, and writes them into a directory. */
    static DemoKeys create(Path directory) throws IOException {
        Files.createDirectories(directory);
        Map<String, String> fingerprints = new LinkedHashMap<>();
        for (String name : NAMES) {
            OpenPGPKey key = generate("veloz " + name);
            Files.writeString(
                    directory.resolve(name + ".asc"), key.toCertificate().toAsciiArmoredString());
            if (!name.equals("operations")) {
                Path secret = Files.createFile(
                        directory.resolve(name + ".key"),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                Files.write(secret, key.toAsciiArmoredString().getBytes(StandardCharsets.UTF_8));
            }
            fingerprints.put(name, HexFormat.of().withUpperCase().formatHex(key.getFingerprint()));
        }
        return new DemoKeys(directory, fingerprints);
    }

    private static OpenPGPKey generate(String user) throws IOException {
        try {
            // gpg 2.2 reads keys of version 4 with the curves by their first identifiers, and not by those of RFC 9580.
            return new BcOpenPGPApi()
                    .generateKey(4, Date.from(Instant.now()))
                    .withPrimaryKey(
                            PGPKeyPairGenerator::generateLegacyEd25519KeyPair,
                            SignatureParameters.Callback.Util.modifyHashedSubpackets(DemoKeys::preferSha512))
                    .addUserId(user)
                    .addSigningSubkey(PGPKeyPairGenerator::generateLegacyEd25519KeyPair)
                    .addEncryptionSubkey(PGPKeyPairGenerator::generateLegacyX25519KeyPair)
                    .build();
        } catch (PGPException e) {
            throw new IOException("cannot make a key: " + e.getMessage(), e);
        }
    }

    /** gpg 2.2 does not verify SHA-3, which would be the first preference. */
    private static PGPSignatureSubpacketGenerator preferSha512(PGPSignatureSubpacketGenerator subpackets) {
        subpackets.removePacketsOfType(SignatureSubpacketTags.PREFERRED_HASH_ALGS);
        subpackets.setPreferredHashAlgorithms(false, new int[] {HashAlgorithmTags.SHA512});
        return subpackets;
    }

    /** Returns the private key that is kept off the site. */
    Path offlineKey() {
        return directory.resolve("offline.key");
    }

    Path signer() {
        return directory.resolve("signer.asc");
    }

    /** Returns the lines of the profile that name the keys. */
    String profileLines() {
        return "recipients = " + directory.resolve("operations.asc") + ", " + directory.resolve("offline.asc")
                + "\nrecipients.fingerprints = " + fingerprints.get("operations") + ", " + fingerprints.get("offline")
                + "\nsigner.key = " + directory.resolve("signer.key")
                + "\nsigner.fingerprint = " + fingerprints.get("signer") + "\n";
    }

    /** Deletes the private key that was on the machine of the engine. */
    void loseMachine() throws IOException {
        Files.delete(directory.resolve("signer.key"));
    }
}
