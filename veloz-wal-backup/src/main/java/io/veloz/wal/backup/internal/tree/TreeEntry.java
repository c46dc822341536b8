package io.veloz.wal.backup.internal.tree;

import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/**
 * A file, directory or link of a tree, as it was when it was scanned.
 *
 * @param path absolute
 * @param inode with {@code changed}: tells whether it is still the same file
 * @param linkTarget of a symbolic link, as it is stored in the link; empty otherwise
 */
record TreeEntry(
        Path path,
        Type type,
        int mode,
        int uid,
        int gid,
        String owner,
        String group,
        long bytes,
        FileTime modified,
        FileTime changed,
        long inode,
        String linkTarget) {
    enum Type {
        FILE,
        DIRECTORY,
        LINK
    }

    /** In a tar: without the leading slash, so that {@code tar x -C /} puts it back. A directory ends with a slash. */
    String tarName() {
        String name = path.toString().substring(1);
        return type == Type.DIRECTORY ? name + "/" : name;
    }

    /** All that goes into a tar but the content, as a text. */
    String canonical() {
        return String.join(
                "\0",
                tarName(),
                type.name(),
                Integer.toOctalString(mode),
                String.valueOf(uid),
                String.valueOf(gid),
                owner,
                group,
                modified.toInstant().toString(),
                linkTarget);
    }
}
