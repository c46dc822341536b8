package io.veloz.wal.backup.internal.place;

import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The rename of a file or a directory. The names alone do not show whether it was done: a person or a program can delete the
 * file and create another one under the new name. So the file is identified by its inode, which a rename does not change; the
 * device is not recorded, because its number may change with a restart.
 *
 * @param from exists before it, and not after
 * @param to exists after it, and not before
 * @param inode of the file, before the first step of the switch
 */
public record Rename(Path from, Path to, long inode) implements Step {
    static final String TYPE = "rename";

    /** Returns the rename of what exists under a name now. */
    public static Rename of(Path from, Path to) throws IOException {
        return new Rename(from, to, inode(from));
    }

    /** Returns the rename that was recorded with these fields. */
    static Rename read(List<String> fields) throws IOException {
        try {
            Rename rename = new Rename(Path.of(fields.get(1)), Path.of(fields.get(2)), Long.parseLong(fields.get(3)));
            if (rename.fields().equals(fields)) {
                return rename;
            }
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            // Reported below.
        }
        throw new IOException("the journal records " + fields + "; expected a rename: two names and an inode");
    }

    @Override
    public List<String> fields() {
        return List.of(TYPE, from.toString(), to.toString(), String.valueOf(inode));
    }

    @Override
    public void run() throws IOException {
        if (isRenamed()) {
            requireSame(to);
        } else {
            requireSame(from);
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        }
        force();
    }

    @Override
    public void undo() throws IOException {
        if (isLost()) {
            return;
        }
        if (isRenamed()) {
            if (Places.isKept(to)) {
                requireSame(to);
            }
            Files.move(to, from, StandardCopyOption.ATOMIC_MOVE);
        }
        force();
    }

    /**
     * Returns whether what the recovery had staged or put in place is lost: there is nothing to set aside, and the way back
     * does not need it.
     */
    private boolean isLost() {
        return Places.isStaging(from) && !exists(from) && !exists(to);
    }

    @Override
    public String describe() {
        return "rename " + from + " to " + to;
    }

    /** Later steps may have given the place another name; only what was set aside has its own until the rollback. */
    @Override
    public void requireUndo(boolean done) throws IOException {
        if (!done) {
            if (!isLost() && isRenamed() && !Places.isStaging(from)) {
                requireSame(to);
            }
            return;
        }
        if (Places.isStaging(from)) {
            return;
        }
        if (Places.isKept(to) && !exists(to)) {
            throw unusable(to + " does not exist: it was in place before the recovery, and cannot be put back. Keep the"
                    + " recovery: resume it, or clean it up");
        }
        if (Places.isKept(to)) {
            requireSame(to);
        }
        if (!exists(from) && !exists(to)) {
            throw unusable(from + " does not exist: it was carried over, and cannot be put back. Put it there by hand");
        }
    }

    /** Only what is deleted is compared: what is in place may have been replaced since. */
    @Override
    public void requireInPlace(boolean undone) throws IOException {
        if (!undone && Places.isKept(to) && exists(to)) {
            requireSame(to);
        }
    }

    private void requireSame(Path name) throws IOException {
        long found = inode(name);
        if (found != inode) {
            throw unusable(name + " is not the file or directory that the recovery has recorded (inode " + found
                    + ", expected " + inode + "): another program or a person has created it. Move it away and"
                    + " put the recorded one in its place, or roll the recovery back");
        }
    }

    private static long inode(Path path) throws IOException {
        return (Long) Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    private static RecoveryException unusable(String what) {
        return new RecoveryException(Reason.PLACE_UNUSABLE, what);
    }

    @Override
    public Optional<String> kept() {
        return Places.isKept(to) ? Optional.of(to.toString()) : Optional.empty();
    }

    @Override
    public Optional<String> staged() {
        return Places.isStaging(from) ? Optional.of(from.toString()) : Optional.empty();
    }

    /** Returns whether what a switch or its rollback sets aside exists under its name. */
    boolean isSetAside(boolean undone) {
        return exists(undone ? from : to);
    }

    @Override
    public boolean discardKept() throws IOException {
        if (!Places.isKept(to) || !exists(to)) {
            return false;
        }
        requireSame(to);
        Trees.delete(to);
        return true;
    }

    @Override
    public boolean discardStaged() throws IOException {
        if (!Places.isStaging(from) || !exists(from)) {
            return false;
        }
        Trees.delete(from);
        return true;
    }

    private void force() throws IOException {
        StateDirectory.force(parent(to));
        if (!parent(from).equals(parent(to))) {
            StateDirectory.force(parent(from));
        }
    }

    private static boolean exists(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }

    private static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), "an absolute path has a parent");
    }

    private boolean isRenamed() throws IOException {
        boolean source = exists(from);
        boolean target = exists(to);
        if (source == target) {
            throw new IOException(
                    (source ? "both " : "neither ") + from + (source ? " and " : " nor ") + to
                            + " exist: another program or a person has changed them. Move one of them by hand, and run this again");
        }
        return target;
    }
}
