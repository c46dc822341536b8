package io.veloz.wal.backup.internal.profile;

import io.veloz.wal.backup.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The settings of a profile. Immutable; contains no secret, only the paths of files that do. */
public final class Profile {
    private static final Set<String> KEYS = allKeys();

    private final Path file;
    private final Path stateDirectory;
    private final Optional<String> archive;
    private final KeySettings keys;
    private final Map<Kind, TreeSettings> trees;
    private final Optional<DatabaseSettings> database;
    private final Optional<VaultSettings> vault;
    private final Optional<EngineSettings> engine;
    private final RetentionSettings retention;
    private final DrillSettings drill;

    private Profile(Path path, ProfileFile file) {
        this.file = path;
        this.stateDirectory = file.path("state.directory");
        this.archive = file.text("archive");
        this.keys = KeySettings.read(file);
        this.trees = trees(file);
        this.database = DatabaseSettings.read(file);
        this.vault = VaultSettings.read(file);
        this.engine = EngineSettings.read(file);
        this.retention = RetentionSettings.read(file);
        this.drill = DrillSettings.read(file, engine, places());
        if (kinds().isEmpty()) {
            throw file.bad(
                    "configuration.roots",
                    "is missing, and so are secrets.roots, database.name and vault.address:" + " nothing to back up");
        }
        refuseShortLog(file);
        refuseOverlaps(file);
    }

    /** Returns the places of production that a drill must not use. */
    private Set<Path> places() {
        Set<Path> places = new HashSet<>(Set.of(stateDirectory));
        trees.values().forEach(tree -> places.addAll(tree.roots()));
        engine.map(EngineSettings::logDirectory).ifPresent(places::add);
        return places;
    }

    private static Set<String> allKeys() {
        Set<String> keys = new HashSet<>(Set.of(
                "state.directory",
                "archive",
                "configuration.roots",
                "configuration.exclude",
                "secrets.roots",
                "secrets.exclude"));
        keys.addAll(KeySettings.KEYS);
        keys.addAll(DatabaseSettings.KEYS);
        keys.addAll(VaultSettings.KEYS);
        keys.addAll(EngineSettings.KEYS);
        keys.addAll(RetentionSettings.KEYS);
        keys.addAll(DrillSettings.KEYS);
        return Set.copyOf(keys);
    }

    private static Map<Kind, TreeSettings> trees(ProfileFile file) {
        Map<Kind, TreeSettings> trees = new TreeMap<>();
        for (Kind kind : Kind.values()) {
            String name = kind.label();
            if (kind.isTree() && file.hasSection(name + ".", name + ".roots")) {
                trees.put(kind, new TreeSettings(file.roots(name + ".roots"), file.list(name + ".exclude")));
            }
        }
        return trees;
    }

    /** A dump that is older than the archive of the log cannot be rolled forward, so keeping it promises too much. */
    private void refuseShortLog(ProfileFile file) {
        if (database.isPresent()
                && database.get().rollForward()
                && retention.log().isPresent()
                && retention.log().get().compareTo(retention.within()) < 0) {
            throw file.bad(
                    "keep.log",
                    "is " + retention.log().get().toDays() + " days, and keep.within "
                            + retention.within().toDays()
                            + " days: a dump that is older than the archive of the log cannot be rolled"
                            + " forward. Set keep.log to keep.within or more, or database.roll-forward = false");
        }
    }

    /**
     * A recovery takes away everything in a root that it replaces, and in the directory of the log. See {@link TreeSettings}
     * for what is excluded from a backup.
     */
    private void refuseOverlaps(ProfileFile settings) {
        Overlaps overlaps = new Overlaps()
                .used("the profile", file)
                .used("state.directory", stateDirectory)
                .used("signer.key", keys.signerKey());
        keys.signerPassphraseFile().ifPresent(path -> overlaps.used("signer.passphrase-file", path));
        keys.recipients().keySet().forEach(path -> overlaps.used("recipients", path));
        database.flatMap(DatabaseSettings::passwordFile)
                .ifPresent(path -> overlaps.used("database.password-file", path));
        vault.ifPresent(each -> overlaps.used("vault.token-file", each.tokenFile()));
        vault.flatMap(VaultSettings::certificates).ifPresent(path -> overlaps.used("vault.certificates", path));
        drill.key().ifPresent(path -> overlaps.used("drill.key", path));
        drill.passphraseFile().ifPresent(path -> overlaps.used("drill.passphrase-file", path));
        drill.signer().ifPresent(path -> overlaps.used("drill.signer", path));
        trees.forEach((kind, tree) -> tree.roots().forEach(root -> overlaps.replaced(kind.label() + ".roots", root)));
        // A root and the log are put in place one after the other, so neither may be inside of the other one.
        engine.map(EngineSettings::logDirectory)
                .ifPresent(log -> overlaps.used("log.directory", log).replaced("log.directory", log));
        List<String> found = overlaps.find();
        if (!found.isEmpty()) {
            throw settings.bad(String.join("; ", found));
        }
    }

    /**
     * Reads a profile. An unknown key, a missing one and an invalid value are refused: a misspelled exclusion must not send
     * secrets anywhere.
     *
     * @throws IllegalArgumentException if the profile is not valid; the message names the file, the key and the value
     * @throws IOException if the file cannot be read
     */
    public static Profile read(Path path) throws IOException {
        return new Profile(path.toAbsolutePath().normalize(), new ProfileFile(path, KEYS));
    }

    public Path file() {
        return file;
    }

    /** Returns the directory of journals, of the spool and of the key of the content MAC: mode 0700, not backed up. */
    public Path stateDirectory() {
        return stateDirectory;
    }

    public Optional<String> archive() {
        return archive;
    }

    public KeySettings keys() {
        return keys;
    }

    /** Returns the kinds that the profile has settings for. */
    public Set<Kind> kinds() {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        kinds.addAll(trees.keySet());
        if (database.isPresent()) {
            kinds.add(Kind.DATABASE);
            kinds.add(Kind.ROLES);
        }
        if (vault.isPresent()) {
            kinds.add(Kind.VAULT);
        }
        return kinds;
    }

    /**
     * Returns the files of a kind.
     *
     * @throws IllegalArgumentException if the profile has no roots for this kind
     */
    public TreeSettings tree(Kind kind) {
        TreeSettings tree = trees.get(kind);
        if (tree == null) {
            throw new IllegalArgumentException("the profile has no " + kind.label() + ".roots");
        }
        return tree;
    }

    public Map<Kind, TreeSettings> trees() {
        // In the order of the kinds.
        return Collections.unmodifiableMap(trees);
    }

    public Optional<DatabaseSettings> database() {
        return database;
    }

    public Optional<VaultSettings> vault() {
        return vault;
    }

    public Optional<EngineSettings> engine() {
        return engine;
    }

    public RetentionSettings retention() {
        return retention;
    }

    public DrillSettings drill() {
        return drill;
    }
}
