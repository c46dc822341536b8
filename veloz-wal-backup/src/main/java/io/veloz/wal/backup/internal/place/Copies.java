package io.veloz.wal.backup.internal.place;

import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The copies that a clean-up would delete: what was in place before a switch, or, after a rollback, what the switch had put in
 * place. Reads only. Immutable.
 */
public final class Copies {
    private final List<Rename> renames;
    private final boolean undone;

    Copies(List<Step> steps, boolean undone) {
        this.renames = steps.stream()
                .filter(Rename.class::isInstance)
                .map(Rename.class::cast)
                .toList();
        this.undone = undone;
    }

    /**
     * Returns the copy of a place, or of what is inside of one; empty if none exists. After a rollback, only of what existed
     * before the switch: a rollback leaves nothing in the other places.
     */
    public Optional<Path> of(Path path) {
        return renames.stream()
                .filter(rename -> Places.isKept(rename.to()) && path.startsWith(rename.from()))
                .flatMap(kept -> (undone ? setAside(kept.from()) : Optional.of(kept.to()))
                        .map(copy -> copy.resolve(kept.from().relativize(path))).stream())
                .filter(Copies::exists)
                .findFirst();
    }

    /** Returns the copy of a place, or of what is inside of one, that a rollback has set aside; empty if none exists. */
    public Optional<Path> setAsideOf(Path path) {
        return renames.stream()
                .filter(rename -> undone && Places.isStaging(rename.from()) && path.startsWith(rename.to()))
                .map(staged -> staged.from().resolve(staged.to().relativize(path)))
                .filter(Copies::exists)
                .findFirst();
    }

    private Optional<Path> setAside(Path place) {
        return renames.stream()
                .filter(rename -> Places.isStaging(rename.from()) && rename.to().equals(place))
                .map(Rename::from)
                .findFirst();
    }

    /** Checks the places that existed before the switch. */
    void requirePlaces() {
        requireInPlace(renames.stream()
                .filter(rename -> Places.isKept(rename.to()))
                .map(Rename::from)
                .toList());
    }

    /**
     * Checks that nothing is missing in place of which a copy exists here.
     *
     * @throws RecoveryException PLACE_UNUSABLE
     */
    public void requireInPlace(Collection<Path> paths) {
        for (Path path : paths) {
            Optional<Path> copy = exists(path) ? Optional.empty() : of(path);
            if (copy.isPresent()) {
                throw new RecoveryException(
                        Reason.PLACE_UNUSABLE,
                        path + " does not exist: " + copy.get()
                                + " may be its last copy, and is not deleted. Copy it to its place, or move it away");
            }
        }
    }

    private static boolean exists(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }
}
