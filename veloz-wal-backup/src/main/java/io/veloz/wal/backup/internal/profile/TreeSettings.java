package io.veloz.wal.backup.internal.profile;

import java.nio.file.Path;
import java.util.List;

/**
 * The files of one kind. A recovery replaces a root as a whole: files in it that the point does not have, which includes those
 * that are excluded, are not in place after it; they are in the directory that the recovery keeps. Only a root of the other
 * kind inside of it is carried over. So a root must not contain what a recovery uses itself, nor data that the engine
 * writes: a profile with such a root is refused, as far as the profile names the path.
 *
 * @param roots directories and files, absolute
 * @param exclude globs relative to each root; a match is left out, with everything below it
 */
public record TreeSettings(List<Path> roots, List<String> exclude) {
    public TreeSettings {
        roots = List.copyOf(roots);
        exclude = List.copyOf(exclude);
    }
}
