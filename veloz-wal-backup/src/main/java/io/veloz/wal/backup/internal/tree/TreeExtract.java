package io.veloz.wal.backup.internal.tree;

import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks the tar of an attachment into staging: each root to a path of its own, which nothing else uses. Nothing is written
 * outside of these, whatever the tar contains: names are relative, without "..", and no entry passes through a link. It
 * belongs to one thread.
 *
 * <p>Files get the owner-only mode first, and their own mode, owner and times when their content is complete and forced; a
 * directory gets its own after everything in it.
 */
public final class TreeExtract {
    private static final int MAX_ENTRIES = 1_000_000;
    private static final long MAX_TOTAL_BYTES = 64L * 1024 * 1024 * 1024;
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> PRIVATE_FILE = PosixFilePermissions.fromString("rw-------");

    private final Map<Path, Path> staging;
    private final Set<Path> links = new HashSet<>();
    private final Set<Path> written = new HashSet<>();
    private final Deque<Directory> directories = new ArrayDeque<>();
    private final Owners owners = new Owners();
    private long entries;
    private long total;

    private TreeExtract(Map<Path, Path> staging) {
        this.staging = staging;
    }

    /**
     * Unpacks all of a tar.
     *
     * @param staging for each root the path that it is unpacked to; its parent exists, and it does not, but for a directory
     *     that another root was unpacked to before
     * @return findings: owners and groups that are unknown on this machine, or could not be set
     * @throws RecoveryException DAMAGED if the tar is not one that a backup wrote
     */
    public static List<String> extract(InputStream source, Map<Path, Path> staging) throws IOException {
        TreeExtract extract = new TreeExtract(staging);
        TarArchiveInputStream tar = new TarArchiveInputStream(source, StandardCharsets.UTF_8.name());
        @Nullable TarArchiveEntry entry;
        while ((entry = next(tar)) != null) {
            extract.entry(tar, entry);
        }
        if (extract.entries == 0) {
            throw damaged("the tar is empty");
        }
        extract.finishDirectories(null);
        return extract.owners.findings();
    }

    private static @Nullable TarArchiveEntry next(TarArchiveInputStream tar) throws IOException {
        try {
            return tar.getNextEntry();
        } catch (IllegalArgumentException e) {
            throw damaged("a header of the tar is malformed: " + e.getMessage());
        }
    }

    private void entry(TarArchiveInputStream tar, TarArchiveEntry entry) throws IOException {
        if (++entries > MAX_ENTRIES) {
            throw damaged("more than " + MAX_ENTRIES + " entries");
        }
        Path path = staged(entry.getName());
        finishDirectories(path);
        if (!written.add(path)) {
            throw damaged("\"" + entry.getName() + "\" occurs twice");
        }
        if (entry.isDirectory()) {
            if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectory(path, PosixFilePermissions.asFileAttribute(PRIVATE));
            }
            directories.push(new Directory(path, entry));
        } else if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
            links.add(path);
            owners.set(path, entry);
        } else if (isPlainFile(entry)) {
            file(tar, entry, path);
        } else {
            throw damaged("\"" + entry.getName() + "\" is neither a file, a directory nor a symbolic link");
        }
    }

    private static boolean isPlainFile(TarArchiveEntry entry) {
        byte type = entry.getLinkFlag();
        return (type == TarConstants.LF_NORMAL || type == TarConstants.LF_OLDNORM) && !entry.isSparse();
    }

    private void file(TarArchiveInputStream tar, TarArchiveEntry entry, Path path) throws IOException {
        total += entry.getSize();
        if (entry.getSize() < 0 || entry.getSize() > TreeTar.FILE_MAX_BYTES || total > MAX_TOTAL_BYTES) {
            throw damaged("\"" + entry.getName() + "\" has " + entry.getSize() + " bytes; expected at most "
                    + TreeTar.FILE_MAX_BYTES);
        }
        Files.createFile(path, PosixFilePermissions.asFileAttribute(PRIVATE_FILE));
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE);
                OutputStream out = java.nio.channels.Channels.newOutputStream(channel)) {
            long copied = tar.transferTo(out);
            if (copied != entry.getSize()) {
                throw damaged(
                        "\"" + entry.getName() + "\" has " + copied + " bytes; its header says " + entry.getSize());
            }
            channel.force(true);
        }
        owners.set(path, entry);
        Files.setPosixFilePermissions(path, permissions(entry.getMode()));
        setSpecialBits(path, entry.getMode());
        Files.setLastModifiedTime(path, entry.getLastModifiedTime());
    }

    private record Directory(Path path, TarArchiveEntry entry) {}

    private Path staged(String name) {
        String plain = name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
        if (plain.isEmpty() || plain.startsWith("/") || plain.indexOf('\0') >= 0) {
            throw damaged("the name \"" + name + "\" is not relative");
        }
        for (String part : plain.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                throw damaged("the name \"" + name + "\" has a part \"" + part + "\"");
            }
        }
        Path absolute = Path.of("/" + plain);
        for (Map.Entry<Path, Path> root : staging.entrySet()) {
            if (absolute.equals(root.getKey())) {
                return root.getValue();
            } else if (absolute.startsWith(root.getKey())) {
                Path path = root.getValue().resolve(root.getKey().relativize(absolute));
                requireDirectory(Objects.requireNonNull(path.getParent()), name);
                return path;
            }
        }
        throw damaged("\"/" + plain + "\" lies outside of the roots " + staging.keySet());
    }

    /** Every directory comes before what it contains, so the parent was unpacked before: by this, and not through a link. */
    private void requireDirectory(Path parent, String name) {
        if (links.contains(parent) || !written.contains(parent)) {
            throw damaged("\"" + name + "\" is in a directory that the tar does not contain, or in a link");
        }
    }

    /** Those that do not contain the next entry: their mode may forbid writing, and a write changes their time. */
    private void finishDirectories(@Nullable Path next) throws IOException {
        while (!directories.isEmpty()) {
            TarArchiveEntry entry = directories.peek().entry();
            Path path = directories.peek().path();
            if (next != null && next.startsWith(path)) {
                return;
            }
            // Opened before the mode, which may forbid it.
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                owners.set(path, entry);
                Files.setPosixFilePermissions(path, permissions(entry.getMode()));
                setSpecialBits(path, entry.getMode());
                Files.setLastModifiedTime(path, entry.getLastModifiedTime());
                channel.force(true);
            }
            directories.pop();
        }
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] fromHighest = PosixFilePermission.values();
        for (int i = 0; i < 9; i++) {
            if ((mode & (0400 >> i)) != 0) {
                permissions.add(fromHighest[i]);
            }
        }
        return permissions;
    }

    /** Set-user-id, set-group-id and sticky have no names in the JDK. */
    private static void setSpecialBits(Path path, int mode) throws IOException {
        if ((mode & 07000) != 0) {
            Files.setAttribute(path, "unix:mode", mode & 07777, LinkOption.NOFOLLOW_LINKS);
        }
    }

    private static RecoveryException damaged(String what) {
        return new RecoveryException(Reason.DAMAGED, what);
    }
}
