package io.veloz.wal.backup;

import io.veloz.wal.WalException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.place.Rename;
import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.recovery.LogPart;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Protects what the engine has written since a recovery put everything in place. The log shows that it has written; a rollback
 * takes something of that back only if the recovery has replaced the log or the database. Immutable.
 */
final class WrittenSince {
    private final Optional<EngineSettings> engine;
    private final SwitchJournal journal;
    private final JournalFacts facts;

    WrittenSince(Optional<EngineSettings> engine, SwitchJournal journal) {
        this.engine = engine;
        this.journal = journal;
        this.facts = JournalFacts.of(journal);
    }

    /** Returns whether a recovery replaces the log, or has replaced it. */
    static boolean replacedLog(SwitchJournal journal, EngineSettings engine) {
        return journal.steps().stream()
                .anyMatch(step -> step instanceof Rename rename && rename.to().equals(engine.logDirectory()));
    }

    /**
     * Refuses a rollback, which would take it back.
     *
     * @throws RecoveryException LOG_DIVERGED
     */
    void requireNothingInPlace() {
        if (engine.isEmpty() || facts.lastSequence().isEmpty()) {
            return;
        }
        boolean log = replacedLog(journal, engine.get());
        if (!log && !journal.hasDatabase()) {
            return;
        }
        String remedy = ": a rollback would take " + (log ? "that" : "what it wrote to the database")
                + " back. Keep the recovery, or set the changes aside explicitly";
        Path directory = engine.get().logDirectory();
        long recovered = facts.lastSequence().get();
        long last;
        try {
            last = LogPart.lastSequence(engine.get());
        } catch (WalException e) {
            throw new RecoveryException(
                    Reason.LOG_DIVERGED,
                    "the log in " + directory + " cannot be read (" + e.getMessage()
                            + "), so the engine may have written to it since the recovery" + remedy,
                    e);
        }
        if (last > recovered) {
            throw new RecoveryException(
                    Reason.LOG_DIVERGED,
                    "the log in " + directory + " ends with record " + last + ", and ended with record " + recovered
                            + " when the recovery put everything in place: the engine has written since" + remedy);
        }
    }

    /**
     * Refuses a clean-up after a rollback: the log that was set aside may be the only one that has it.
     *
     * @throws RecoveryException LOG_DIVERGED
     */
    void requireNothingSetAside() {
        if (engine.isEmpty() || facts.lastSequence().isEmpty() || !replacedLog(journal, engine.get())) {
            return;
        }
        Path setAside = Places.stagingOf(engine.get().logDirectory(), facts.point());
        if (!Files.isDirectory(setAside)) {
            return;
        }
        long recovered = facts.lastSequence().get();
        String found;
        try {
            long last = LogPart.lastSequence(setAside, engine.get().logPrefix());
            if (last <= recovered) {
                return;
            }
            found = "has records " + (recovered + 1) + " to " + last + ", which the engine wrote after the recovery";
        } catch (WalException e) {
            found = "cannot be read: " + e.getMessage();
        }
        throw new RecoveryException(
                Reason.LOG_DIVERGED,
                "the log that the rollback has set aside in " + setAside + " " + found
                        + ". What is not archived exists only there: move the directory away, then clean up");
    }
}
