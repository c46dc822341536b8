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
 * What a recovery has staged and not put in place: it was cut, or a gate failed. It may contain secrets. A journal in the state
 * directory takes the names of its own recovery over ({@link #handOver}), because a rollback sets aside what was in place
 * under the same names. A database stays recorded until it is dropped, also while its server does not answer. Stateless.
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><td>before the journal is made</td><td>the names are recorded</td><td>the next run or clean-up deletes what has
 * them</td></tr>
 * <tr><td>after the journal is made, before the names are handed over</td><td>both</td><td>the next run that finds the journal
 * hands them over first</td></tr>
 * </table>
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
            if (isDatabase(name)) {
                databases.add(name);
            } else if (Files.exists(Path.of(name), LinkOption.NOFOLLOW_LINKS)) {
                found.add(name);
            }
        }
        if (!databases.isEmpty() && profile.database().isPresent()) {
            StagedDatabases.of(profile.database().get(), names(databases)).forEach(name -> found.add(database(name)));
        }
        return found;
    }

    /**
     * Deletes it and then the record, and returns what was deleted.
     *
     * @param withDatabases whether databases are dropped; otherwise they stay, and stay recorded, and no server is needed
     */
    public static List<String> remove(Profile profile, StateDirectory state, boolean withDatabases) throws IOException {
        boolean drops = withDatabases && profile.database().isPresent();
        StagingRecord record = new StagingRecord(state);
        List<String> removed = new ArrayList<>();
        List<String> databases = new ArrayList<>();
        for (String name : record.read()) {
            if (isDatabase(name)) {
                databases.add(name);
            } else if (Files.exists(Path.of(name), LinkOption.NOFOLLOW_LINKS)) {
                Trees.delete(Path.of(name));
                removed.add(name);
            }
        }
        if (drops) {
            for (String name : StagedDatabases.drop(profile.database().orElseThrow(), names(databases))) {
                removed.add(database(name));
            }
        }
        replace(record, drops ? List.of() : databases);
        return removed;
    }

    /** Records what a run stages, next to the databases that are not dropped yet. Returns when that is durable. */
    public static void record(StateDirectory state, List<String> names) throws IOException {
        StagingRecord record = new StagingRecord(state);
        List<String> all = new ArrayList<>(record.read());
        all.addAll(names);
        record.write(all.stream().distinct().toList());
    }

    /**
     * Ends the record of what a journal has taken over. Does nothing if that is done.
     *
     * @param withDatabase whether the journal has a step of the database: then every recorded database is its own, because a
     *     run with a database drops those of earlier ones first
     */
    public static void handOver(StateDirectory state, boolean withDatabase) throws IOException {
        StagingRecord record = new StagingRecord(state);
        replace(
                record,
                withDatabase
                        ? List.of()
                        : record.read().stream().filter(Leftovers::isDatabase).toList());
    }

    private static void replace(StagingRecord record, List<String> names) throws IOException {
        if (names.isEmpty()) {
            record.delete();
        } else if (!names.equals(record.read())) {
            record.write(names);
        }
    }

    /** Returns whether a recorded name is one of a database. */
    public static boolean isDatabase(String name) {
        return name.startsWith(DATABASE);
    }

    private static List<String> names(List<String> databases) {
        return databases.stream().map(name -> name.substring(DATABASE.length())).toList();
    }
}
