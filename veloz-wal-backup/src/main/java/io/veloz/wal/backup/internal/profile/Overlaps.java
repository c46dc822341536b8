package io.veloz.wal.backup.internal.profile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The places that a recovery replaces, and what a backup and a recovery use while they run. A recovery renames a place with
 * everything in it, so the two must not overlap: a password file would disappear between two steps of the switch, a journal
 * would be replaced by the one of the backup. This also applies to files that are excluded from the backup.
 *
 * <p>Links are followed, as far as the paths exist.
 */
final class Overlaps {
    /** Path to the key of the profile that names it. */
    private final Map<Path, String> replaced = new TreeMap<>();

    private final Map<Path, String> used = new TreeMap<>();

    Overlaps replaced(String key, Path place) {
        replaced.put(real(place), key);
        return this;
    }

    Overlaps used(String key, Path path) {
        used.put(real(path), key);
        return this;
    }

    /** Returns a description of each overlap; empty if there is none. */
    List<String> find() {
        List<String> found = new ArrayList<>();
        used.forEach((path, key) -> replaced.forEach((place, placeKey) -> {
            if (key.equals(placeKey)) {
                return;
            }
            if (path.startsWith(place)) {
                found.add(key + " (" + path + ") is inside of " + placeKey + " (" + place
                        + "), which a recovery replaces: move it out, or name the parts of " + place
                        + " that belong to the backup as roots instead");
            } else if (place.startsWith(path)) {
                found.add(placeKey + " (" + place + "), which a recovery replaces, is inside of " + key + " (" + path
                        + "): move one of them");
            }
        }));
        return found;
    }

    /** Returns the path without links, as far as it exists. */
    private static Path real(Path path) {
        if (path.getNameCount() == 0) {
            return path;
        }
        try {
            return path.toRealPath();
        } catch (IOException e) {
            // It does not exist, or a directory cannot be read: only its parent can be resolved.
            Path parent = real(Objects.requireNonNull(path.getParent()));
            return Files.isDirectory(parent) ? parent.resolve(Objects.requireNonNull(path.getFileName())) : path;
        }
    }
}
