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
 * Gives restored files the owner and permissions of the target directory, so that an engine can open a log that root has
 * restored. A new directory has mode 0700 and the owner of its parent. It belongs to one thread.
 *
 * <p>File systems without POSIX attributes are left unchanged. If a change is not permitted, the restore continues, and
 * {@link #note} contains both owners.
 */
public final class Ownership {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final Path target;
    private final @Nullable PosixFileAttributes expected;
    private @Nullable String note;

    /** @param target an existing directory */
    public Ownership(Path target) throws IOException {
        this.target = target;
        @Nullable PosixFileAttributeView view = Files.getFileAttributeView(target, PosixFileAttributeView.class);
        this.expected = view == null ? null : view.readAttributes();
    }

    /** Creates a directory with mode 0700 and the owner of its parent, which must exist. */
    static void createDirectory(Path directory) throws IOException {
        Path parent = directory.resolveSibling(".").normalize();
        Ownership parentOwnership = new Ownership(parent);
        if (parentOwnership.expected == null) {
            Files.createDirectory(directory);
            return;
        }
        Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        parentOwnership.applyOwner(directory);
    }

    /** Sets owner, group and permissions of a file, and forces it. */
    void applyAndForce(Path file) throws IOException {
        apply(file);
        if (expected != null) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    /**
     * Sets owner, group and permissions of a file without opening it: closing any channel of a lock file would release its
     * lock.
     */
    public void apply(Path file) throws IOException {
        if (expected == null) {
            return;
        }
        Set<PosixFilePermission> modes = EnumSet.copyOf(expected.permissions());
        modes.removeAll(PosixFilePermissions.fromString("--x--x--x"));
        modes.addAll(PosixFilePermissions.fromString("rw-------"));
        try {
            Files.setPosixFilePermissions(file, modes);
        } catch (IOException e) {
            note = "the permissions of the files could not be set (" + e + "); those of " + target + " are "
                    + PosixFilePermissions.toString(expected.permissions());
        }
        applyOwner(file);
    }

    private void applyOwner(Path file) throws IOException {
        @Nullable PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (expected == null || view == null) {
            return;
        }
        PosixFileAttributes found = view.readAttributes();
        try {
            if (!found.group().equals(expected.group())) {
                view.setGroup(expected.group());
            }
            if (!found.owner().equals(expected.owner())) {
                view.setOwner(expected.owner());
            }
        } catch (IOException e) {
            note = "the files belong to " + found.owner().getName() + ":"
                    + found.group().getName() + ", and " + target + " belongs to "
                    + expected.owner().getName() + ":" + expected.group().getName()
                    + "; an engine of another user needs: chown -R";
        }
    }

    /** Returns what the operator has to do about the owner of the files; empty if nothing. */
    public Optional<String> note() {
        return Optional.ofNullable(note);
    }
}
