package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.internal.place.StagingRecord;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.backup.internal.postgres.StagedDatabases;
import io.veloz.wal.backup.internal.profile.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a recovery has staged and not put in place: it was cut, or a gate failed. It may contain secrets. Valid only while no
 * recovery is recorded in the state directory. Stateless.
 */
public final class Leftovers {
    private static final String DATABASE = "database ";

    private Leftovers() {}

    /** Returns the name of a staged database as it is recorded. */
    static String database(String name) {
        return DATABASE + name;
    }

    /**
     * Returns what is recorded and exists.
     *
     * @throws IOException if the record cannot be read, or the server of the database does not answer
     */
    public static List<String> of(Profile profile, StateDirectory state) throws IOException {
        List<String> found = new ArrayList<>();
        List<String> databases = new ArrayList<>();
        for (String name : new StagingRecord(state).read()) {
            if (name.startsWith(DATABASE)) {
                databases.add(name.substring(DATABASE.length()));
            } else if (Files.exists(Path.of(name), LinkOption.NOFOLLOW_LINKS)) {
                found.add(name);
            }
        }
        if (!databases.isEmpty() && profile.database().isPresent()) {
            StagedDatabases.of(profile.database().get(), databases).forEach(name -> found.add(database(name)));
        }
        return found;
    }

    /** Deletes all of it and then the record, and returns what was deleted. */
    public static List<String> remove(Profile profile, StateDirectory state) throws IOException {
        List<String> removed = of(profile, state);
        for (String name : removed) {
            if (name.startsWith(DATABASE)) {
                StagedDatabases.drop(profile.database().orElseThrow(), List.of(name.substring(DATABASE.length())));
            } else {
                Trees.delete(Path.of(name));
            }
        }
        new StagingRecord(state).delete();
        return removed;
    }
}
