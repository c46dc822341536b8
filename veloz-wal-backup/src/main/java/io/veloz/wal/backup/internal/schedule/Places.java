package io.veloz.wal.backup.internal.schedule;

import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import java.net.URI;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The paths of a profile that a job reads.
 *
 * @param read files and directories
 * @param secret files that contain one secret each, by a name for each
 * @param archive directory of the archive; empty if it is in S3
 */
record Places(NavigableSet<Path> read, TreeMap<String, Path> secret, Optional<Path> archive) {
    static Places of(Profile profile) {
        NavigableSet<Path> read = new TreeSet<>(profile.keys().recipients().keySet());
        read.add(profile.file());
        profile.trees().values().forEach(tree -> read.addAll(tree.roots()));
        profile.engine().ifPresent(engine -> read.add(engine.logDirectory()));
        TreeMap<String, Path> secret = new TreeMap<>();
        secret.put("signer-key", profile.keys().signerKey());
        profile.keys().signerPassphraseFile().ifPresent(file -> secret.put("signer-passphrase", file));
        profile.database()
                .flatMap(DatabaseSettings::passwordFile)
                .ifPresent(file -> secret.put("database-password", file));
        profile.database().flatMap(Places::socketDirectory).ifPresent(read::add);
        profile.vault().ifPresent(vault -> {
            secret.put("vault-token", vault.tokenFile());
            vault.certificates().ifPresent(read::add);
        });
        profile.drill().key().ifPresent(file -> secret.put("drill-key", file));
        profile.drill().passphraseFile().ifPresent(file -> secret.put("drill-passphrase", file));
        profile.drill().signer().ifPresent(read::add);
        read.forEach(Installation::requirePlain);
        secret.values().forEach(Installation::requirePlain);
        return new Places(read, secret, archive(profile));
    }

    /** Returns the secrets of a job: only a drill decrypts. */
    NavigableMap<String, Path> secretsOf(Job job) {
        NavigableMap<String, Path> own = new TreeMap<>(secret);
        if (!job.isDrill()) {
            own.keySet().removeIf(name -> name.startsWith("drill-"));
        }
        return own;
    }

    private static Optional<Path> socketDirectory(DatabaseSettings database) {
        String host = database.host();
        return host != null && host.startsWith("/") ? Optional.of(Path.of(host)) : Optional.empty();
    }

    private static Optional<Path> archive(Profile profile) {
        return profile.archive()
                .filter(uri -> uri.startsWith("file:"))
                .map(uri -> Installation.requirePlain(Path.of(URI.create(uri).getPath())));
    }

    /** Returns whether a private temporary directory would hide a path. */
    boolean usesTemporary() {
        NavigableSet<Path> all = new TreeSet<>(read);
        all.addAll(secret.values());
        archive.ifPresent(all::add);
        return all.stream().anyMatch(Places::isTemporary);
    }

    static boolean isTemporary(Path path) {
        return path.startsWith("/tmp") || path.startsWith("/var/tmp");
    }
}
