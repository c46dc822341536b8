package io.veloz.wal.backup;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The files of the keys that a recovery needs. They are not on the machine that makes the backups.
 *
 * @param privateKey of one of the recipients, mode 0600
 * @param passphraseFile of that key, mode 0600
 * @param signerCertificate the public key of the backup's signer; its fingerprint must be the profile's
 */
public record RecoveryKeys(Path privateKey, Optional<Path> passphraseFile, Path signerCertificate) {
    /** Returns the keys for a recovery of the log alone, which decrypts nothing. */
    public static RecoveryKeys none() {
        return new RecoveryKeys(Path.of("none"), Optional.empty(), Path.of("none"));
    }
}
