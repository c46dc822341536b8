package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.internal.place.StagingRecord;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.backup.internal.postgres.StagedDatabase;
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

    /** Returns a staged database as it is recorded. */
    static String record(StagedDatabase staged) {
        return DATABASE + staged.recorded();
    }

    /**
     * Returns what is recorded and exists.
     *
     * @throws IOException if the record cannot be read, or the server of the database does not answer
     */
    public static List<String> of(Profile profile, StateDirectory state) throws IOException {
        List<String> names = new StagingRecord(state).read();
        List<String> found = new ArrayList<>();
        files(names).forEach(file -> found.add(file.toString()));
        databases(profile, names).forEach(database -> found.add(DATABASE + database.name()));
        return found;
    }

    private static List<Path> files(List<String> names) {
        return names.stream()
                .filter(name -> !name.startsWith(DATABASE))
                .map(Path::of)
                .filter(file -> Files.exists(file, LinkOption.NOFOLLOW_LINKS))
                .toList();
    }

    private static List<StagedDatabase> databases(Profile profile, List<String> names) throws IOException {
        List<StagedDatabase> recorded = names.stream()
                .filter(name -> name.startsWith(DATABASE))
                .flatMap(name -> StagedDatabase.of(name.substring(DATABASE.length())).stream())
                .toList();
        return recorded.isEmpty() || profile.database().isEmpty()
                ? List.of()
                : StagedDatabases.of(profile.database().get(), recorded);
    }

    /** Deletes all of it and then the record, and returns what was deleted. */
    public static List<String> remove(Profile profile, StateDirectory state) throws IOException {
        List<String> names = new StagingRecord(state).read();
        List<String> removed = new ArrayList<>();
        for (Path file : files(names)) {
            Trees.delete(file);
            removed.add(file.toString());
        }
        for (StagedDatabase database : databases(profile, names)) {
            StagedDatabases.drop(profile.database().orElseThrow(), List.of(database));
            removed.add(DATABASE + database.name());
        }
        new StagingRecord(state).delete();
        return removed;
    }
}
