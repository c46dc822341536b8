package io.veloz.wal.backup.internal.profile;

import java.nio.file.Path;
import java.util.List;

/**
 * The files of one kind.
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
