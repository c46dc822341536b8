package io.veloz.wal.ops;

import io.veloz.wal.backup.RecoveryKeys;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options for the keys that decrypt a backup. A passphrase is read from a file: every user can see command lines. */
final class KeyArguments {
    @Option(
            names = "--key",
            paramLabel = "FILE",
            description =
                    "Private key of one of the recipients, mode 0600. It does not belong on the machine that makes"
                            + " the backups.")
    private @Nullable Path key;

    @Option(
            names = "--passphrase-file",
            paramLabel = "FILE",
            description = "File with the passphrase of that key, mode 0600. Default: the key has no passphrase.")
    private @Nullable Path passphraseFile;

    @Option(
            names = "--signer",
            paramLabel = "FILE",
            description = "Certificate of the key that signed the backups. Its fingerprint must be the profile's"
                    + " signer.fingerprint.")
    private @Nullable Path signer;

    /** Returns whether one of the options is given. */
    boolean isGiven() {
        return key != null || passphraseFile != null || signer != null;
    }

    /** Returns the keys. Missing options are a usage error. */
    RecoveryKeys keys(CommandSpec command) {
        if (key == null || signer == null) {
            throw new ParameterException(
                    command.commandLine(),
                    (key == null ? "--key" : "--signer") + " is missing: backups are encrypted and signed");
        }
        return new RecoveryKeys(key, Optional.ofNullable(passphraseFile), signer);
    }
}
