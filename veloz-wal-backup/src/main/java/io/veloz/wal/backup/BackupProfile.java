package io.veloz.wal.backup;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is backed up, to whom it is encrypted, and where it is put back. Immutable; contains no secret, only the paths of
 * files that do.
 *
 * <pre>
 * # /etc/veloz/backup.properties
 * state.directory = /var/lib/veloz-backup
 * recipients = /etc/veloz-backup/operations.asc, /etc/veloz-backup/offline.asc
 * recipients.fingerprints = 3BD7…, 77AA…
 * signer.key = /etc/veloz-backup/signer.asc
 * signer.fingerprint = 9C01…
 * signer.passphrase-file = /etc/veloz-backup/signer.passphrase
 * configuration.roots = /etc/veloz
 * configuration.exclude = secrets/**
 * secrets.roots = /etc/veloz/secrets, /opt/veloz/.env
 * </pre>
 *
 * <p>Lists are separated by commas. Patterns to exclude are globs, relative to each root. A relative path in the profile is
 * relative to the profile's directory.
 */
public final class BackupProfile {
    private static final Set<String> KEYS = Set.of(
            "state.directory",
            "recipients",
            "recipients.fingerprints",
            "signer.key",
            "signer.fingerprint",
            "signer.passphrase-file",
            "configuration.roots",
            "configuration.exclude",
            "secrets.roots",
            "secrets.exclude");

    private final Path stateDirectory;
    private final Map<Path, String> recipients;
    private final Path signerKey;
    private final String signerFingerprint;
    private final @Nullable Path signerPassphraseFile;
    private final Map<Kind, Tree> trees;

    /**
     * The files of one kind.
     *
     * @param roots directories and files, absolute
     * @param exclude globs relative to each root; what matches one is left out, with all below it
     */
    public record Tree(List<Path> roots, List<String> exclude) {
        public Tree {
            roots = List.copyOf(roots);
            exclude = List.copyOf(exclude);
        }
    }

    private BackupProfile(Settings settings) {
        this.stateDirectory = settings.path("state.directory");
        this.recipients = settings.recipients();
        this.signerKey = settings.path("signer.key");
        this.signerFingerprint = settings.fingerprint("signer.fingerprint", settings.required("signer.fingerprint"));
        this.signerPassphraseFile =
                settings.has("signer.passphrase-file") ? settings.path("signer.passphrase-file") : null;
        this.trees = new TreeMap<>();
        for (Kind kind : Kind.values()) {
            String name = kind.label();
            if (settings.has(name + ".roots")) {
                trees.put(kind, new Tree(settings.roots(name + ".roots"), settings.list(name + ".exclude")));
            } else if (settings.has(name + ".exclude")) {
                throw settings.bad(name + ".exclude", "there is no " + name + ".roots that it could apply to");
            }
        }
        if (trees.isEmpty()) {
            throw settings.bad("configuration.roots", "is missing, and so is secrets.roots: nothing to back up");
        }
    }

    /**
     * Reads a profile. An unknown key, a missing one and a value that makes no sense are refused: a misspelled exclusion
     * must not send secrets anywhere.
     *
     * @throws IllegalArgumentException if the profile is not valid; the message names the file, the key and the value
     * @throws IOException if the file cannot be read
     */
    public static BackupProfile read(Path file) throws IOException {
        Path absolute = file.toAbsolutePath().normalize();
        Properties properties = new StrictProperties(absolute);
        try (Reader reader = Files.newBufferedReader(absolute, StandardCharsets.UTF_8)) {
            properties.load(reader);
        }
        return new BackupProfile(new Settings(absolute, properties));
    }

    /** Where journals, the spool of encrypted chunks and the key of the content MAC are kept: mode 0700, not backed up. */
    public Path stateDirectory() {
        return stateDirectory;
    }

    /** The files of the certificates that everything is encrypted to, with the fingerprints that they must have. */
    public Map<Path, String> recipients() {
        return Map.copyOf(recipients);
    }

    /** The file of the private key that signs every attachment. */
    public Path signerKey() {
        return signerKey;
    }

    /** The fingerprint of the signing key, in upper-case hex digits. A recovery accepts no other signer. */
    public String signerFingerprint() {
        return signerFingerprint;
    }

    /** The file with the passphrase of the signing key; null if the key has none. */
    public @Nullable Path signerPassphraseFile() {
        return signerPassphraseFile;
    }

    /** The kinds that the profile has roots for. */
    public Set<Kind> kinds() {
        return Set.copyOf(trees.keySet());
    }

    /**
     * @throws IllegalArgumentException if the profile has no roots for this kind
     */
    public Tree tree(Kind kind) {
        Tree tree = trees.get(kind);
        if (tree == null) {
            throw new IllegalArgumentException("the profile has no " + kind.label() + ".roots");
        }
        return tree;
    }

    @Override
    public String toString() {
        return "BackupProfile[" + trees + ", recipients=" + recipients.values() + ", signer=" + signerFingerprint + ", state="
                + stateDirectory + "]";
    }

    /** Refuses a key that is given twice: the second would win silently. */
    private static final class StrictProperties extends Properties {
        private static final long serialVersionUID = 1;

        private final transient Path file;

        StrictProperties(Path file) {
            this.file = file;
        }

        @Override
        public synchronized @Nullable Object put(Object key, Object value) {
            if (containsKey(key)) {
                throw new IllegalArgumentException(file + ": " + key + " is given twice");
            }
            return super.put(key, value);
        }
    }

    private static final class Settings {
        private final Path file;
        private final Properties properties;

        Settings(Path file, Properties properties) {
            this.file = file;
            this.properties = properties;
            for (String key : properties.stringPropertyNames()) {
                if (!KEYS.contains(key)) {
                    throw bad(key, "is not a key of a profile; expected one of "
                            + KEYS.stream().sorted().toList());
                }
            }
        }

        IllegalArgumentException bad(String key, String problem) {
            return new IllegalArgumentException(file + ": " + key + " " + problem);
        }

        boolean has(String key) {
            return properties.containsKey(key);
        }

        String required(String key) {
            String value = properties.getProperty(key, "").strip();
            if (value.isEmpty()) {
                throw bad(key, "is missing or empty");
            }
            return value;
        }

        List<String> list(String key) {
            List<String> values = new ArrayList<>();
            if (has(key)) {
                for (String value : properties.getProperty(key).split(",", -1)) {
                    if (value.isBlank()) {
                        throw bad(key, "has an empty element: \"" + properties.getProperty(key) + "\"");
                    }
                    values.add(value.strip());
                }
            }
            return values;
        }

        Path path(String key) {
            return absolute(required(key));
        }

        private Path absolute(String value) {
            return Objects.requireNonNull(file.getParent()).resolve(value).normalize();
        }

        List<Path> roots(String key) {
            required(key);
            List<Path> roots = list(key).stream().map(this::absolute).toList();
            for (Path root : roots) {
                if (root.getNameCount() == 0) {
                    throw bad(key, "is the root of the file system");
                }
                for (Path other : roots) {
                    if (root != other && root.startsWith(other)) {
                        throw bad(key, "has " + root + ", which " + other + " contains already");
                    }
                }
            }
            return roots;
        }

        Map<Path, String> recipients() {
            required("recipients");
            List<Path> files = list("recipients").stream().map(this::absolute).toList();
            List<String> fingerprints = list("recipients.fingerprints");
            if (files.size() != fingerprints.size()) {
                throw bad("recipients", "has " + files.size() + " files, and recipients.fingerprints " + fingerprints.size()
                        + " fingerprints; expected one for each file, in the same order");
            }
            if (new HashSet<>(files).size() < 2) {
                throw bad("recipients", "has " + files.size() + " file; expected two at least, one of them kept offline: the"
                        + " loss of a single private key must not be the loss of all backups");
            }
            Map<Path, String> recipients = new TreeMap<>();
            for (int i = 0; i < files.size(); i++) {
                recipients.put(files.get(i), fingerprint("recipients.fingerprints", fingerprints.get(i)));
            }
            if (new HashSet<>(recipients.values()).size() < files.size()) {
                throw bad("recipients.fingerprints", "names one key twice");
            }
            return recipients;
        }

        /** A whole fingerprint: a short key id can be forged. */
        String fingerprint(String key, String value) {
            String hex = value.replace(" ", "").toUpperCase(Locale.ROOT);
            if (!hex.matches("[0-9A-F]{40}|[0-9A-F]{64}")) {
                throw bad(key, "has \"" + value + "\"; expected a whole fingerprint of 40 or 64 hex digits");
            }
            return hex;
        }
    }
}
