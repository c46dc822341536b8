package io.veloz.wal.archive.internal.restore;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Owner and permissions of what a restore creates: those of the target directory, so that the engine can open what root
 * restored. A new directory has mode 0700 and the owner of its parent. It belongs to one thread.
 *
 * <p>Without POSIX attributes nothing is changed. If the file system, or a lack of rights, forbids a change, the restore goes
 * on, and {@link #note} names both owners.
 */
final class Access {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final Path target;
    private final @Nullable PosixFileAttributes wanted;
    private @Nullable String note;

    /** @param target an existing directory */
    Access(Path target) throws IOException {
        this.target = target;
        @Nullable PosixFileAttributeView view = Files.getFileAttributeView(target, PosixFileAttributeView.class);
        this.wanted = view == null ? null : view.readAttributes();
    }

    /** Creates a directory that only its owner can enter, and gives it to the owner of its parent. The parent exists. */
    static void createDirectory(Path directory) throws IOException {
        Path parent = directory.resolveSibling(".").normalize();
        Access access = new Access(parent);
        if (access.wanted == null) {
            Files.createDirectory(directory);
            return;
        }
        Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        access.giveOwner(directory);
    }

    /** Gives a file the owner, the group and the permissions of the directory. Returns when that is on disk. */
    void giveFile(Path file) throws IOException {
        give(file);
        if (wanted != null) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    /** The same, but never opens the file: to close any channel of a lock file would release its lock. */
    void give(Path file) throws IOException {
        if (wanted == null) {
            return;
        }
        Set<PosixFilePermission> modes = EnumSet.copyOf(wanted.permissions());
        modes.removeAll(PosixFilePermissions.fromString("--x--x--x"));
        modes.addAll(PosixFilePermissions.fromString("rw-------"));
        try {
            Files.setPosixFilePermissions(file, modes);
        } catch (IOException e) {
            note = "the permissions of the files could not be set (" + e + "); those of " + target + " are "
                    + PosixFilePermissions.toString(wanted.permissions());
        }
        giveOwner(file);
    }

    private void giveOwner(Path file) throws IOException {
        @Nullable PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (wanted == null || view == null) {
            return;
        }
        PosixFileAttributes found = view.readAttributes();
        try {
            if (!found.group().equals(wanted.group())) {
                view.setGroup(wanted.group());
            }
            if (!found.owner().equals(wanted.owner())) {
                view.setOwner(wanted.owner());
            }
        } catch (IOException e) {
            note = "the files belong to " + found.owner().getName() + ":"
                    + found.group().getName() + ", and " + target + " belongs to "
                    + wanted.owner().getName() + ":" + wanted.group().getName()
                    + "; an engine of another user needs: chown -R";
        }
    }

    /** What the operator has to do about the owner of the files; empty if nothing. */
    Optional<String> note() {
        return Optional.ofNullable(note);
    }
}
