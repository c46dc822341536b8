package io.veloz.wal.backup.internal.place;

import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.profile.TreeSettings;
import java.io.IOException;
import java.nio.file.DirectoryStream;
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

    /** The staging of recoveries of a root, from any point. */
    public static List<Path> stagingsOf(Path root) throws IOException {
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(parent(root))) {
            try (DirectoryStream<Path> siblings = Files.newDirectoryStream(
                    parent(root),
                    path -> isStaging(path) && name(path).startsWith("." + root.getFileName() + STAGING))) {
                siblings.forEach(found::add);
            }
        }
        return found;
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

    public List<Path> roots() {
        return List.copyOf(staging.keySet());
    }

    public Map<Path, Path> staging() {
        return Map.copyOf(staging);
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

    // ---- before staging

    /**
     * Refuses places that could not be switched, and removes what an earlier run left in staging. Nothing in place changes.
     *
     * @throws RecoveryException PLACE_UNUSABLE, NO_SPACE
     */
    public void prepare() throws IOException {
        requireInProfile();
        for (Path root : staging.keySet()) {
            if (Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
                requireMovable(root, parent(root));
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
            for (Path earlier : stagingsOf(root)) {
                Trees.delete(earlier);
            }
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

    private static void requireMovable(Path root, Path parent) throws IOException {
        if (Files.isSymbolicLink(root)) {
            throw unusable(
                    root + " is a symbolic link, and would be replaced by a directory; the backup has the directory");
        }
        if (!Files.getAttribute(root, "unix:dev").equals(Files.getAttribute(parent, "unix:dev"))) {
            throw unusable(root + " is a mount point, which cannot be renamed: unmount it, or recover into its parent");
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

    /** Makes the directories that the staging of a root is in, which the outer root may exclude. */
    public void createParents(Attachment attachment) throws IOException {
        for (Path staged : stagingOf(attachment).values()) {
            Files.createDirectories(
                    parent(staged), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
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
                    Files.createDirectories(parent(target));
                    steps.add(new Rename(inner, target));
                }
                steps.add(new Rename(root, kept(root)));
            }
            steps.add(new Rename(staged, root));
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
