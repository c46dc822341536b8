package io.veloz.wal.backup.internal.place;

import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.profile.TreeSettings;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Where the roots of a recovery are, where they are staged, and where what was in place before is kept. Staging is next to
 * each root, in the same file system, so that a rename puts it in place; a root inside of another one is staged inside of
 * that one's staging. Immutable; it belongs to one thread.
 *
 * <pre>
 * /etc/veloz            in place
 * /etc/.veloz.recovery-12         staged
 * /etc/veloz.before-recovery-12   kept
 * </pre>
 */
public final class Places {
    private static final String STAGING = ".recovery-";
    private static final String KEPT = ".before-recovery-";
    private static final long SPACE_RESERVE_BYTES = 16L * 1024 * 1024;

    private final Profile profile;
    private final List<Attachment> attachments;
    private final long point;

    /** Root to staging, outer roots before those inside of them. */
    private final Map<Path, Path> staging = new TreeMap<>();

    private final List<Path> outermost = new ArrayList<>();

    public Places(Profile profile, List<Attachment> attachments, long point) {
        this.profile = profile;
        this.attachments = attachments;
        this.point = point;
        attachments.stream()
                .flatMap(attachment -> attachment.roots().stream())
                .map(Path::of)
                .sorted(Comparator.comparingInt(Path::getNameCount))
                .forEach(this::add);
    }

    private void add(Path root) {
        for (Path outer : outermost) {
            if (root.startsWith(outer)) {
                staging.put(root, stagingOf(outer).resolve(outer.relativize(root)));
                return;
            }
        }
        outermost.add(root);
        staging.put(root, stagingOf(root, point));
    }

    private Path stagingOf(Path root) {
        return Objects.requireNonNull(staging.get(root), "every root has a staging");
    }

    private Path kept(Path root) {
        return keptOf(root, point);
    }

    /** Where a root is staged. */
    public static Path stagingOf(Path root, long point) {
        return parent(root).resolve("." + root.getFileName() + STAGING + point);
    }

    /** Where what is in place at a root is kept. */
    public static Path keptOf(Path root, long point) {
        return parent(root).resolve(root.getFileName() + KEPT + point);
    }

    private static String name(Path path) {
        return Objects.requireNonNull(path.getFileName(), "not the root of the file system")
                .toString();
    }

    public static boolean isKept(Path path) {
        return name(path).matches(".*" + KEPT.replace(".", "\\.") + "\\d+");
    }

    public static boolean isStaging(Path path) {
        return name(path).matches("\\..*" + STAGING.replace(".", "\\.") + "\\d+");
    }

    private static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), "a root is not the root of the file system");
    }

    /** The names that are staged under. */
    public List<Path> stagingNames() {
        return outermost.stream().map(this::stagingOf).toList();
    }

    public Map<Path, Path> stagingOf(Attachment attachment) {
        Map<Path, Path> own = new HashMap<>();
        attachment.roots().forEach(root -> own.put(Path.of(root), staging.get(Path.of(root))));
        return own;
    }

    /**
     * Orders the attachments so that a root inside of another one is unpacked after it.
     *
     * @throws RecoveryException PLACE_UNUSABLE if each of two attachments has a root inside of a root of the other one
     */
    public List<Attachment> outermostFirst() {
        List<Attachment> ordered = new ArrayList<>();
        List<Attachment> left = new ArrayList<>(attachments);
        while (!left.isEmpty()) {
            Attachment next = left.stream()
                    .filter(each -> left.stream().noneMatch(other -> isInside(each, other)))
                    .findFirst()
                    .orElseThrow(() -> unusable("the roots of the recovery point are inside of each other, so they"
                            + " cannot be staged: recover one kind at a time"));
            ordered.add(next);
            left.remove(next);
        }
        return ordered;
    }

    private static boolean isInside(Attachment inner, Attachment outer) {
        return inner != outer
                && inner.roots().stream()
                        .map(Path::of)
                        .anyMatch(root -> outer.roots().stream()
                                .map(Path::of)
                                .anyMatch(other -> !root.equals(other) && root.startsWith(other)));
    }

    /** For a plan. */
    public List<String> describe() {
        List<String> lines = new ArrayList<>();
        for (Path root : outermost) {
            lines.add("stage " + root + " in " + staging.get(root));
        }
        for (Path root : outermost) {
            if (Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
                for (Path inner : carriedOver(root)) {
                    lines.add("carry " + inner + " over, which is not recovered");
                }
                lines.add("keep what is in " + root + " as " + kept(root));
            }
            lines.add("put " + root + " in place");
        }
        return lines;
    }

    /** Returns the directories that roots would be put into, and that do not exist. */
    public List<Path> missingParents() {
        return outermost.stream()
                .map(Places::parent)
                .filter(parent -> !Files.isDirectory(parent))
                .distinct()
                .toList();
    }

    // ---- before staging

    /**
     * Refuses places that could not be switched, and names of staging that exist. Nothing is changed.
     *
     * @throws RecoveryException PLACE_UNUSABLE, NO_SPACE
     */
    public void prepare() throws IOException {
        requireInProfile();
        for (Path root : staging.keySet()) {
            requireMovable(root);
            for (Path inner : carriedOver(root)) {
                requireMovable(inner);
            }
        }
        Map<FileStore, Long> needed = new HashMap<>();
        for (Path root : outermost) {
            Path parent = parent(root);
            if (!Files.isDirectory(parent)) {
                throw unusable(parent + " does not exist: create it, with the owner and mode that it should have");
            }
            if (!Files.isWritable(parent)) {
                throw unusable(parent + " cannot be written by this user, so " + root + " cannot be replaced");
            }
            if (Files.exists(kept(root), LinkOption.NOFOLLOW_LINKS)) {
                throw unusable(kept(root) + " exists: it was kept by an earlier recovery; move it away");
            }
            requireFree(stagingOf(root));
            needed.merge(Files.getFileStore(parent), bytesOf(root), Long::sum);
        }
        for (Map.Entry<FileStore, Long> store : needed.entrySet()) {
            long usable = store.getKey().getUsableSpace();
            if (usable < store.getValue() + SPACE_RESERVE_BYTES) {
                throw new RecoveryException(
                        Reason.NO_SPACE,
                        store.getKey() + " has " + usable + " bytes free; staging needs " + store.getValue() + ", and "
                                + SPACE_RESERVE_BYTES + " are left free");
            }
        }
    }

    /**
     * A recovery point is not signed, so the places that it names are not trusted: whoever can write to the archive could have
     * a directory replaced that the backup never had.
     */
    private void requireInProfile() {
        for (Attachment attachment : attachments) {
            TreeSettings tree = profile.trees().get(attachment.kind());
            for (String root : attachment.roots()) {
                if (tree == null || !tree.roots().contains(Path.of(root))) {
                    throw unusable("the recovery point has " + attachment.kind().label() + " of " + root
                            + ", which is not a root in the profile " + profile.file()
                            + ": add it there, or recover on a host whose profile has it");
                }
            }
        }
    }

    /** What has the name of staging was recorded as such and deleted before, or is not of this profile. */
    public static void requireFree(Path staged) {
        if (Files.exists(staged, LinkOption.NOFOLLOW_LINKS)) {
            throw unusable(
                    staged + " exists, and is not recorded as staging of this profile: a rollback may have set it"
                            + " aside, or another profile stages there. Move it away");
        }
    }

    /**
     * Refuses what a rename cannot move, or would move together with something else.
     *
     * @throws RecoveryException PLACE_UNUSABLE
     */
    public static void requireMovable(Path path) throws IOException {
        if (Files.isSymbolicLink(path)) {
            throw unusable(path
                    + " is a symbolic link, and would be replaced by a directory: put its target into the profile");
        }
        List<String> mounts = Mounts.atOrBelow(path);
        if (!mounts.isEmpty()) {
            throw unusable(mounts + " are mounted at or below " + path
                    + ", which cannot be renamed without them: unmount them, or put the directories next to them into the"
                    + " profile");
        }
    }

    /** An upper bound: an attachment with several roots counts for each. */
    private long bytesOf(Path root) {
        return attachments.stream()
                .filter(attachment ->
                        attachment.roots().stream().anyMatch(own -> Path.of(own).startsWith(root)))
                .mapToLong(Attachment::plainBytes)
                .sum();
    }

    // ---- after staging

    /** Returns the roots that were not unpacked. */
    public List<Path> missing() {
        return staging.keySet().stream()
                .filter(root -> !Files.exists(stagingOf(root), LinkOption.NOFOLLOW_LINKS))
                .toList();
    }

    /**
     * Makes the directories that the staging of a root is in, which the outer root may exclude.
     *
     * @return a finding for each that has no directory in place as its model
     */
    public List<String> createParents(Attachment attachment) throws IOException {
        List<String> findings = new ArrayList<>();
        for (String root : attachment.roots()) {
            Path staged = stagingOf(Path.of(root));
            createLike(parent(staged), parent(Path.of(root)), findings);
        }
        return findings;
    }

    /** Owner and mode are those of the directory in place: others may rely on them to enter it, or not to. */
    private static void createLike(Path staged, Path model, List<String> findings) throws IOException {
        if (Files.exists(staged, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        createLike(parent(staged), parent(model), findings);
        Files.createDirectory(
                staged, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        if (!Files.isDirectory(model, LinkOption.NOFOLLOW_LINKS)) {
            findings.add(model + " is in no backup, and did not exist: it belongs to this user and has mode 700");
            return;
        }
        for (String attribute : List.of("unix:uid", "unix:gid")) {
            Object owner = Files.getAttribute(model, attribute, LinkOption.NOFOLLOW_LINKS);
            if (!owner.equals(Files.getAttribute(staged, attribute, LinkOption.NOFOLLOW_LINKS))) {
                Files.setAttribute(staged, attribute, owner, LinkOption.NOFOLLOW_LINKS);
            }
        }
        Files.setPosixFilePermissions(staged, Files.getPosixFilePermissions(model, LinkOption.NOFOLLOW_LINKS));
    }

    /** Makes the names of what was staged durable. */
    public void forceStaging() throws IOException {
        for (Path root : outermost) {
            StateDirectory.force(parent(root));
        }
    }

    /** The renames of the switch, for what is in place now. */
    public List<Step> steps() throws IOException {
        List<Step> steps = new ArrayList<>();
        for (Path root : outermost) {
            Path staged = stagingOf(root);
            if (Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
                for (Path inner : carriedOver(root)) {
                    Path target = staged.resolve(root.relativize(inner));
                    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                        throw unusable(target + " was unpacked, and is also a root that is not recovered");
                    }
                    createLike(parent(target), parent(inner), new ArrayList<>());
                    steps.add(Rename.of(inner, target));
                }
                steps.add(Rename.of(root, kept(root)));
            }
            steps.add(Rename.of(staged, root));
        }
        return steps;
    }

    /** Roots of the profile inside of a root that is replaced, which would disappear with it. */
    private List<Path> carriedOver(Path root) {
        List<Path> inner = new ArrayList<>();
        for (TreeSettings tree : profile.trees().values()) {
            for (Path other : tree.roots()) {
                if (!other.equals(root)
                        && other.startsWith(root)
                        && !staging.containsKey(other)
                        && Files.exists(other, LinkOption.NOFOLLOW_LINKS)) {
                    inner.add(other);
                }
            }
        }
        return inner;
    }

    private static RecoveryException unusable(String what) {
        return new RecoveryException(Reason.PLACE_UNUSABLE, what);
    }
}
