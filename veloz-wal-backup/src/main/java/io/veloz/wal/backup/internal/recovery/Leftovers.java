package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.backup.internal.postgres.StagedDatabases;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What recoveries have staged and not put in place: they were cut, or a gate failed. It may contain secrets. Valid only while
 * no recovery is recorded in the state directory. Stateless.
 */
public final class Leftovers {
    private Leftovers() {}

    /** Returns the directories and files. */
    public static List<Path> files(Profile profile) throws IOException {
        Set<Path> roots = new TreeSet<>();
        profile.trees().values().forEach(tree -> roots.addAll(tree.roots()));
        profile.engine().map(EngineSettings::logDirectory).ifPresent(roots::add);
        List<Path> found = new ArrayList<>();
        for (Path root : roots) {
            found.addAll(Places.stagingsOf(root));
        }
        return found;
    }

    /** Deletes all of it, and the databases, and returns a description of each. */
    public static List<String> remove(Profile profile) throws IOException {
        List<String> removed = new ArrayList<>();
        for (Path path : files(profile)) {
            Trees.delete(path);
            removed.add(path.toString());
        }
        if (profile.database().isPresent()) {
            StagedDatabases.drop(profile.database().get()).forEach(name -> removed.add("database " + name));
        }
        return removed;
    }
}
