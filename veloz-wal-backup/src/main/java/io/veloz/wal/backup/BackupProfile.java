package io.veloz.wal.backup;

import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * What is backed up, to whom it is encrypted, and where it is put back. Immutable; contains no secret, only the paths of
 * files that do. docs/disaster-recovery.md describes all keys.
 *
 * <pre>
 * # /etc/veloz-backup/backup.properties
 * archive = s3://bucket/orders
 * state.directory = /var/lib/veloz-backup
 * recipients = operations.asc, offline.asc
 * recipients.fingerprints = 3BD7…, 77AA…
 * signer.key = signer.asc
 * signer.fingerprint = 9C01…
 * signer.passphrase-file = signer.passphrase
 * log.directory = /var/lib/veloz/wal
 * configuration.roots = /etc/veloz
 * configuration.exclude = secrets/**
 * secrets.roots = /etc/veloz/secrets, /opt/veloz/.env
 * database.name = veloz
 * </pre>
 *
 * <p>Lists are separated by commas. Patterns to exclude are globs, relative to each root. A relative path is relative to the
 * profile's directory.
 */
public final class BackupProfile {
    private final Profile profile;

    private BackupProfile(Profile profile) {
        this.profile = profile;
    }

    /**
     * Reads a profile. An unknown key, a missing one and an invalid value are refused: a misspelled exclusion must not send
     * secrets anywhere.
     *
     * @throws IllegalArgumentException if the profile is not valid; the message names the file, the key and the value
     * @throws IOException if the file cannot be read
     */
    public static BackupProfile read(Path file) throws IOException {
        return new BackupProfile(Profile.read(file));
    }

    Profile settings() {
        return profile;
    }

    /** Returns the file that was read. */
    public Path file() {
        return profile.file();
    }

    /** Returns the kinds that the profile has settings for. */
    public Set<Kind> kinds() {
        return profile.kinds();
    }

    /** Returns the URI of the log's archive; empty if it is given elsewhere. */
    public Optional<String> archive() {
        return profile.archive();
    }

    /** Returns the directory of the engine's order log; empty if it is not on this machine. */
    public Optional<Path> logDirectory() {
        return profile.engine().map(EngineSettings::logDirectory);
    }

    /** Returns the prefix of the file names of the order log; the default one if the log is not on this machine. */
    public String logPrefix() {
        return profile.engine().map(EngineSettings::logPrefix).orElse("orders");
    }

    /** Returns the directory in which a drill makes its targets, by {@code drill.directory} or by default. */
    public Path drillDirectory() {
        return profile.drill().directoryOrDefault();
    }

    @Override
    public String toString() {
        return "BackupProfile[" + profile.file() + ", kinds=" + kinds() + "]";
    }
}
