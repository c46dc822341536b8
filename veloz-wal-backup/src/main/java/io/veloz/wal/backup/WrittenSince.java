package io.veloz.wal.backup;

import io.veloz.wal.WalException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.recovery.LogPart;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Protects what the engine has written to its log since a recovery put everything in place. Immutable. */
final class WrittenSince {
    private final Optional<EngineSettings> engine;
    private final JournalFacts facts;

    WrittenSince(Optional<EngineSettings> engine, JournalFacts facts) {
        this.engine = engine;
        this.facts = facts;
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
        String remedy = ": a rollback would take that back. Keep the recovery, or set the changes aside explicitly";
        Path log = engine.get().logDirectory();
        long recovered = facts.lastSequence().get();
        long last;
        try {
            last = LogPart.lastSequence(engine.get());
        } catch (WalException e) {
            throw new RecoveryException(
                    Reason.LOG_DIVERGED,
                    "the log in " + log + " cannot be read (" + e.getMessage()
                            + "), so the engine may have written to it since the recovery" + remedy,
                    e);
        }
        if (last > recovered) {
            throw new RecoveryException(
                    Reason.LOG_DIVERGED,
                    "the log in " + log + " ends with record " + last + ", and ended with record " + recovered
                            + " when the recovery put everything in place: the engine has written since" + remedy);
        }
    }

    /**
     * Refuses a clean-up after a rollback: the log that was set aside may be the only one that has it.
     *
     * @throws RecoveryException LOG_DIVERGED
     */
    void requireNothingSetAside() {
        if (engine.isEmpty() || facts.lastSequence().isEmpty()) {
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
