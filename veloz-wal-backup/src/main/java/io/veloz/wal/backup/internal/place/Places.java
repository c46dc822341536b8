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
        staging.put(root, parent(root).resolve("." + root.getFileName() + STAGING + point));
    }

    private Path stagingOf(Path root) {
        return Objects.requireNonNull(staging.get(root), "every root has a staging");
    }

    private Path kept(Path root) {
        return parent(root).resolve(root.getFileName() + KEPT + point);
    }

    public static boolean isKept(Path path) {
        return Objects.requireNonNull(path.getFileName()).toString().matches(".*" + KEPT.replace(".", "\\.") + "\\d+");
    }

    public static boolean isStaging(Path path) {
        return Objects.requireNonNull(path.getFileName())
                .toString()
                .matches("\\..*" + STAGING.replace(".", "\\.") + "\\d+");
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

    /** A root inside of another one is unpacked after it. */
    public List<Attachment> outermostFirst() {
        return attachments.stream()
                .sorted(Comparator.comparingInt(attachment -> attachment.roots().stream()
                        .mapToInt(root -> Path.of(root).getNameCount())
                        .min()
                        .orElse(0)))
                .toList();
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
            if (Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
                requireMovable(root, parent);
            }
            Trees.delete(stagingOf(root));
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
