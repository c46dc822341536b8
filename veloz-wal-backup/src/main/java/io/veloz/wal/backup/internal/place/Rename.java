package io.veloz.wal.backup.internal.place;

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
        rename(to, from);
    }

    @Override
    public String describe() {
        return "rename " + from + " to " + to;
    }

    /** The names depend on the other steps: looked up in turn. */
    @Override
    public void requireUndo() {}

    @Override
    public void requireInPlace(boolean undone) throws IOException {
        if (Places.isKept(to) && !Files.exists(from, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(
                    from + " does not exist: what was set aside may be its last copy, and is not deleted");
        }
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

    private static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), "an absolute path has a parent");
    }

    private static boolean isRenamed(Path from, Path to) throws IOException {
        boolean source = Files.exists(from, LinkOption.NOFOLLOW_LINKS);
        boolean target = Files.exists(to, LinkOption.NOFOLLOW_LINKS);
        if (source == target) {
            throw new IOException((source ? "both " : "neither ") + from + (source ? " and " : " nor ") + to
                    + " exist: somebody else has changed them. Move one of them by hand, and run this again");
        }
        return target;
    }
}
