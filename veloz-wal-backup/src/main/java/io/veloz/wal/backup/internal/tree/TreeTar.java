package io.veloz.wal.backup.internal.tree;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.BackupRefusedException.Reason;
import io.veloz.wal.backup.internal.profile.TreeSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import javax.crypto.Mac;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/**
 * The files of one kind as a PAX tar: sorted, with mode, owner and group by number and by name, links as links. Equal trees
 * give equal tars. Stock tar reads it. Immutable; any thread may write it.
 */
public final class TreeTar {
    /** A larger file is hardly configuration; it is read into memory, so that it is written whole or not at all. */
    static final int FILE_MAX_BYTES = 16 * 1024 * 1024;

    private static final int ATTEMPTS = 3;

    private final TreeSettings tree;
    private final List<TreeEntry> entries;

    private TreeTar(TreeSettings tree, List<TreeEntry> entries) {
        this.tree = tree;
        this.entries = entries;
    }

    /**
     * Lists what there is to write.
     *
     * @throws BackupRefusedException SOURCE_UNUSABLE, SOURCE_CHANGES
     */
    public static TreeTar scan(TreeSettings tree) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                List<TreeEntry> entries = TreeScan.of(tree);
                for (TreeEntry entry : entries) {
                    if (entry.bytes() > FILE_MAX_BYTES) {
                        throw new BackupRefusedException(
                                Reason.SOURCE_UNUSABLE,
                                entry.path() + ": has " + entry.bytes() + " bytes; the limit for a file is "
                                        + FILE_MAX_BYTES + ". Exclude it, or keep it elsewhere");
                    }
                }
                return new TreeTar(tree, entries);
            } catch (NoSuchFileException e) {
                if (attempt == ATTEMPTS) {
                    throw changes(Path.of(e.getFile()), e);
                }
            }
        }
    }

    /** Findings: a secret that others can read. */
    public List<String> readableByOthers() {
        return entries.stream()
                .filter(entry -> entry.type() == TreeEntry.Type.FILE && (entry.mode() & 077) != 0)
                .map(entry -> entry.path() + " has mode " + Integer.toOctalString(entry.mode())
                        + ": others than its owner can read or change it")
                .toList();
    }

    public List<Path> roots() {
        return tree.roots();
    }

    /** Whether a path, or anything below it, is in the tar. */
    public boolean contains(Path path) {
        return entries.stream().anyMatch(entry -> entry.path().startsWith(path));
    }

    public int size() {
        return entries.size();
    }

    /**
     * Writes the tar.
     *
     * @param content is updated with everything: equal trees give equal codes
     * @throws BackupRefusedException SOURCE_CHANGES if a file changed in three attempts to read it; SOURCE_UNUSABLE
     */
    public void writeTo(OutputStream target, Mac content) throws IOException {
        TarArchiveOutputStream tar = new TarArchiveOutputStream(target, StandardCharsets.UTF_8.name());
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        tar.setAddPaxHeadersForNonAsciiNames(true);
        for (TreeEntry entry : entries) {
            write(tar, entry, content);
        }
        tar.finish();
        tar.flush();
    }

    private static void write(TarArchiveOutputStream tar, TreeEntry scanned, Mac mac) throws IOException {
        byte[] content = {};
        TreeEntry entry = scanned;
        if (scanned.type() == TreeEntry.Type.FILE) {
            for (int attempt = 1; ; attempt++) {
                entry = again(scanned);
                content = read(entry);
                // Size, times and inode of before and after agree, so nobody wrote in between.
                if (again(scanned).equals(entry) && content.length == entry.bytes()) {
                    break;
                }
                if (attempt == ATTEMPTS) {
                    throw changes(scanned.path(), null);
                }
            }
        }
        // Both are of known length: the fields cannot be shifted into each other.
        byte[] fields = entry.canonical().getBytes(StandardCharsets.UTF_8);
        mac.update(ByteBuffer.allocate(8)
                .putInt(fields.length)
                .putInt(content.length)
                .flip());
        mac.update(fields);
        mac.update(content);
        TarArchiveEntry header = header(entry);
        header.setSize(content.length);
        tar.putArchiveEntry(header);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private static TreeEntry again(TreeEntry scanned) throws IOException {
        try {
            TreeEntry now = TreeScan.entry(scanned.path());
            if (now.type() != scanned.type()) {
                throw changes(scanned.path(), null);
            }
            return now;
        } catch (NoSuchFileException e) {
            throw changes(scanned.path(), e);
        }
    }

    private static byte[] read(TreeEntry entry) throws IOException {
        try (InputStream in = Files.newInputStream(entry.path(), LinkOption.NOFOLLOW_LINKS)) {
            return in.readNBytes(FILE_MAX_BYTES + 1);
        } catch (NoSuchFileException e) {
            throw changes(entry.path(), e);
        } catch (AccessDeniedException e) {
            throw new BackupRefusedException(
                    Reason.SOURCE_UNUSABLE, entry.path() + ": the file cannot be read by this user", e);
        }
    }

    private static TarArchiveEntry header(TreeEntry entry) {
        byte type = switch (entry.type()) {
            case FILE -> TarConstants.LF_NORMAL;
            case DIRECTORY -> TarConstants.LF_DIR;
            case LINK -> TarConstants.LF_SYMLINK;
        };
        TarArchiveEntry header = new TarArchiveEntry(entry.tarName(), type);
        header.setMode(entry.mode());
        header.setIds(entry.uid(), entry.gid());
        header.setNames(entry.owner(), entry.group());
        header.setModTime(entry.modified());
        if (entry.type() == TreeEntry.Type.LINK) {
            header.setLinkName(entry.linkTarget());
        }
        return header;
    }

    private static BackupRefusedException changes(Path path, @Nullable Exception cause) {
        String message = path + ": changed during each of " + ATTEMPTS + " attempts to read it";
        return cause == null
                ? new BackupRefusedException(Reason.SOURCE_CHANGES, message)
                : new BackupRefusedException(Reason.SOURCE_CHANGES, message, cause);
    }

    @Override
    public String toString() {
        return "TreeTar[" + tree.roots() + ", " + entries.size() + " entries]";
    }
}
