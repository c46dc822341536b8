package io.veloz.wal.backup;

import io.veloz.wal.backup.internal.place.Rename;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.Step;
import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.postgres.DatabaseNames;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.recovery.Parts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** A recovery that is recorded in the state directory, and the copies that it has left. Reads only. Immutable. */
final class EarlierRecovery {
    /** How far it came. */
    enum State {
        /** In its switch: it can be resumed or rolled back. */
        SWITCHING,
        /** In a rollback, which can only be completed. */
        ROLLING_BACK,
        COMPLETE,
        ROLLED_BACK,
        /** In a clean-up, which can only be completed. */
        CLEANING_UP
    }

    private final Profile profile;
    private final SwitchJournal journal;
    private final State state;

    private EarlierRecovery(Profile profile, SwitchJournal journal, State state) {
        this.profile = profile;
        this.journal = journal;
        this.state = state;
    }

    /** Returns the recorded recovery; empty if there is none. */
    static Optional<EarlierRecovery> read(Profile profile) throws IOException {
        Path directory = profile.stateDirectory();
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        return SwitchJournal.open(StateDirectory.open(directory), Parts.stepReader(profile))
                .map(journal -> new EarlierRecovery(profile, journal, state(directory, journal)));
    }

    private static State state(Path directory, SwitchJournal journal) {
        if (journal.isDiscarding()) {
            return State.CLEANING_UP;
        }
        // After the last step, this name may still forbid a start of the engine.
        if (exists(directory.resolve(SwitchJournal.NAME))) {
            return journal.isRollingBack() ? State.ROLLING_BACK : State.SWITCHING;
        }
        return journal.isUndone() ? State.ROLLED_BACK : State.COMPLETE;
    }

    State state() {
        return state;
    }

    /** Returns whether it was rolled back, also if the clean-up of that began. */
    boolean isUndone() {
        return journal.isUndone();
    }

    /** Returns whether nothing of it is under way. */
    boolean isFinished() {
        return state == State.COMPLETE || state == State.ROLLED_BACK;
    }

    /**
     * Describes it for a person.
     *
     * @param cleanUp the command
     */
    String describe(String cleanUp) {
        return switch (state) {
            case SWITCHING, ROLLING_BACK -> "interrupted: " + journal;
            case COMPLETE -> "complete; what it replaced is kept until `" + cleanUp + "`";
            case ROLLED_BACK -> "rolled back; what it had put in place is kept until `" + cleanUp + "`";
            case CLEANING_UP ->
                "its clean-up was interrupted: a part of " + journal.setAsideNames()
                        + " is deleted, and nothing of it can be put back";
        };
    }

    /** Returns what a clean-up deletes; whether a database exists is not known. */
    List<String> setAside() {
        return journal.setAside();
    }

    // ---- database

    /** Returns whether it replaced or created the database. */
    boolean hasDatabase() {
        return journal.hasDatabase();
    }

    /** Returns the name under which it staged the database; empty if it has none. */
    Optional<String> stagedDatabase() {
        return databaseName(Step::staged, DatabaseNames::staged);
    }

    /** Returns the name under which it kept the database that it replaced; empty if it replaced none. */
    Optional<String> keptDatabase() {
        return databaseName(Step::kept, DatabaseNames::kept);
    }

    private Optional<String> databaseName(
            Function<Step, Optional<String>> recorded, Function<DatabaseNames, String> name) {
        boolean exists = journal.steps().stream()
                .anyMatch(step ->
                        !(step instanceof Rename) && recorded.apply(step).isPresent());
        long point = JournalFacts.of(journal).point();
        return exists
                ? profile.database().map(settings -> name.apply(DatabaseNames.of(settings, point)))
                : Optional.empty();
    }

    // ---- files and log

    /**
     * Returns the last record of the log when it put everything in place; empty if that is not known, or a rollback takes
     * nothing back that the engine writes.
     */
    Optional<Long> lastRecord() {
        boolean written = hasDatabase()
                || profile.engine()
                        .filter(engine -> WrittenSince.replacedLog(journal, engine))
                        .isPresent();
        return !written ? Optional.empty() : JournalFacts.of(journal).lastSequence();
    }

    /**
     * Returns the copy of a path that a clean-up would delete, and refuses to delete while the path is missing: the one from
     * before the recovery, or after a rollback what the recovery had put in a place that existed before. Empty if none exists.
     */
    Optional<Path> copyOf(Path path) {
        return journal.copies().of(path);
    }

    /** Returns what a rollback has set aside of a path, also if it did not exist before the recovery; empty if nothing. */
    Optional<Path> setAsideOf(Path path) {
        return journal.copies().setAsideOf(path);
    }

    private static boolean exists(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }
}
