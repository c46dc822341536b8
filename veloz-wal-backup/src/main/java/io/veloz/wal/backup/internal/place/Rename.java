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
 * The rename of a file or a directory.
 *
 * @param from exists before it, and not after
 * @param to exists after it, and not before
 */
public record Rename(Path from, Path to) implements Step {
    static final String TYPE = "rename";

    @Override
    public List<String> fields() {
        return List.of(TYPE, from.toString(), to.toString());
    }

    @Override
    public void run() throws IOException {
        rename(from, to);
    }

    @Override
    public void undo() throws IOException {
        if (Places.isStaging(from) && !exists(from) && !exists(to)) {
            // What the recovery had put in place is lost. There is nothing to set aside, and the way back does not need
            // it.
            return;
        }
        rename(to, from);
    }

    @Override
    public String describe() {
        return "rename " + from + " to " + to;
    }

    /** Later steps may have given the place another name; only what was set aside has its own until the rollback. */
    @Override
    public void requireUndo(boolean done) {
        if (!done || Places.isStaging(from)) {
            return;
        }
        if (Places.isKept(to) && !exists(to)) {
            throw unusable(to + " does not exist: it was in place before the recovery, and cannot be put back. Keep the"
                    + " recovery: resume it, or clean it up");
        }
        if (!exists(from) && !exists(to)) {
            throw unusable(from + " does not exist: it was carried over, and cannot be put back. Put it there by hand");
        }
    }

    @Override
    public void requireInPlace(boolean undone) {
        if (Places.isKept(to) && exists(to) && !exists(from)) {
            throw unusable(from + " does not exist: " + to
                    + " may be its last copy, and is not deleted. Copy it to its place, or move it away");
        }
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

    @Override
    public void discardKept() throws IOException {
        if (Places.isKept(to)) {
            Trees.delete(to);
        }
    }

    @Override
    public void discardStaged() throws IOException {
        if (Places.isStaging(from)) {
            Trees.delete(from);
        }
    }

    private static void rename(Path from, Path to) throws IOException {
        if (!isRenamed(from, to)) {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        }
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

    private static boolean isRenamed(Path from, Path to) throws IOException {
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
