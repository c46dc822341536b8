package io.veloz.wal.backup.internal.tree;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.BackupRefusedException.Reason;
import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.profile.TreeSettings;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Lists the entries of a tree, sorted by path, without following links. It belongs to one thread. */
final class TreeScan {
    private static final int MAX_ENTRIES = 1_000_000;

    private final List<PathMatcher> exclude = new ArrayList<>();
    private final Map<String, TreeEntry> found = new TreeMap<>();

    private TreeScan(List<String> globs) {
        for (String glob : globs) {
            exclude.add(FileSystems.getDefault().getPathMatcher("glob:" + glob));
        }
    }

    /**
     * Lists the entries of all roots. What a recovery staged or kept is not in it.
     *
     * @throws NoSuchFileException if an entry disappeared during the scan: repeat it
     * @throws BackupRefusedException SOURCE_UNUSABLE
     */
    static List<TreeEntry> of(TreeSettings tree) throws IOException {
        TreeScan scan = new TreeScan(tree.exclude());
        for (Path root : tree.roots()) {
            if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
                throw new BackupRefusedException(Reason.SOURCE_UNUSABLE, root + ": this root does not exist");
            }
            if (Files.isSymbolicLink(root)) {
                throw new BackupRefusedException(
                        Reason.SOURCE_UNUSABLE,
                        root + ": this root is a symbolic link; name the directory it points to");
            }
            scan.add(root, root);
        }
        return List.copyOf(scan.found.values());
    }

    private void add(Path root, Path path) throws IOException {
        if (!path.equals(root) && (isOfARecovery(path) || isExcluded(root.relativize(path)))) {
            return;
        }
        TreeEntry entry = entry(path);
        found.put(entry.tarName(), entry);
        if (found.size() > MAX_ENTRIES) {
            throw new BackupRefusedException(
                    Reason.SOURCE_UNUSABLE,
                    root + ": more than " + MAX_ENTRIES + " entries; is the root the right one?");
        }
        if (entry.type() == TreeEntry.Type.DIRECTORY) {
            try (DirectoryStream<Path> children = Files.newDirectoryStream(path)) {
                for (Path child : children) {
                    add(root, child);
                }
            } catch (java.nio.file.AccessDeniedException e) {
                throw new BackupRefusedException(Reason.SOURCE_UNUSABLE, path + ": the directory cannot be read", e);
            }
        }
    }

    /** A root inside of this one is staged and kept next to it: old secrets must not become configuration. */
    private static boolean isOfARecovery(Path path) {
        return Places.isStaging(path) || Places.isKept(path);
    }

    private boolean isExcluded(Path relative) {
        for (PathMatcher matcher : exclude) {
            // "secrets/**" is meant to leave out the directory itself too.
            if (matcher.matches(relative) || matcher.matches(relative.resolve("_"))) {
                return true;
            }
        }
        return false;
    }

    static TreeEntry entry(Path path) throws IOException {
        PosixFileAttributes posix = Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        Map<String, Object> unix = Files.readAttributes(path, "unix:mode,uid,gid,ino,ctime", LinkOption.NOFOLLOW_LINKS);
        TreeEntry.Type type;
        if (posix.isRegularFile()) {
            type = TreeEntry.Type.FILE;
        } else if (posix.isDirectory()) {
            type = TreeEntry.Type.DIRECTORY;
        } else if (posix.isSymbolicLink()) {
            type = TreeEntry.Type.LINK;
        } else {
            throw new BackupRefusedException(
                    Reason.SOURCE_UNUSABLE,
                    path + ": is a device, a pipe or a socket; expected files, directories and links. Exclude it");
        }
        GroupPrincipal group = posix.group();
        return new TreeEntry(
                path,
                type,
                (Integer) attribute(unix, "mode") & 07777,
                (Integer) attribute(unix, "uid"),
                (Integer) attribute(unix, "gid"),
                posix.owner().getName(),
                group.getName(),
                type == TreeEntry.Type.FILE ? posix.size() : 0,
                posix.lastModifiedTime(),
                (FileTime) attribute(unix, "ctime"),
                (Long) attribute(unix, "ino"),
                type == TreeEntry.Type.LINK ? Files.readSymbolicLink(path).toString() : "");
    }

    private static Object attribute(Map<String, Object> attributes, String name) {
        return Objects.requireNonNull(attributes.get(name), name);
    }
}
