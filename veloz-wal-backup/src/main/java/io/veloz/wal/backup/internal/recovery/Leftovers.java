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
 * What a recovery has staged and not put in place: it was cut, or a gate failed. It may contain secrets. A journal in the state
 * directory takes the names of its own recovery over ({@link #handOver}), because a rollback sets aside what was in place
 * under the same names. A database stays recorded until it is dropped, also while its server does not answer. One on another
 * server than that of the profile is neither found nor dropped, and its record ends with the others. Stateless.
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
        List<StagedDatabase> recorded = databases(names);
        if (!recorded.isEmpty() && profile.database().isPresent()) {
            StagedDatabases.of(profile.database().get(), recorded).forEach(each -> found.add(described(each)));
        }
        return found;
    }

    /**
     * Deletes it and then the record, and returns what was deleted.
     *
     * @param withDatabases whether databases are dropped; otherwise they stay, and stay recorded, and no server is needed
     */
    public static List<String> remove(Profile profile, StateDirectory state, boolean withDatabases) throws IOException {
        StagingRecord record = new StagingRecord(state);
        List<String> names = record.read();
        List<String> removed = new ArrayList<>();
        for (Path file : files(names)) {
            Trees.delete(file);
            removed.add(file.toString());
        }
        if (!withDatabases || profile.database().isEmpty()) {
            replace(record, names.stream().filter(Leftovers::isDatabase).toList());
            return removed;
        }
        List<StagedDatabase> recorded = databases(names);
        if (!recorded.isEmpty()) {
            StagedDatabases.drop(profile.database().get(), recorded).forEach(each -> removed.add(described(each)));
        }
        record.delete();
        return removed;
    }

    private static List<Path> files(List<String> names) {
        return names.stream()
                .filter(name -> !isDatabase(name))
                .map(Path::of)
                .filter(file -> Files.exists(file, LinkOption.NOFOLLOW_LINKS))
                .toList();
    }

    private static List<StagedDatabase> databases(List<String> names) {
        return names.stream()
                .filter(Leftovers::isDatabase)
                .flatMap(name -> StagedDatabase.of(name.substring(DATABASE.length())).stream())
                .toList();
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

    private static boolean isDatabase(String name) {
        return name.startsWith(DATABASE);
    }

    private static String described(StagedDatabase staged) {
        return DATABASE + staged.name();
    }
}
