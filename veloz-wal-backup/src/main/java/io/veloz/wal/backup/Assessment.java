package io.veloz.wal.backup;

import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/**
 * The first step after an incident: what is intact, which case it is, and the next command. Reads only; a person decides.
 * Immutable.
 */
public final class Assessment {
    /** The cases of the runbook, docs/disaster-recovery.md. */
    public enum Case {
        /** The engine runs, and everything is intact. */
        HEALTHY,
        /** An earlier recovery, its rollback or its clean-up was interrupted: complete it. */
        HALF_DONE,
        /** Everything is intact, and the engine runs read-only: make it accept orders. */
        READ_ONLY,
        /** The engine is down, and everything is intact: start it. */
        RESTART,
        /** Everything is intact, but nothing was backed up yet: make a backup. */
        NO_POINTS,
        /** Only the log is missing, damaged, or behind its archive: restore it. */
        RESTORE_LOG,
        /** Only the database is missing: recover it. */
        RECOVER_DATABASE,
        /** Only files of configuration or secrets are missing: recover them. */
        RECOVER_FILES,
        /** Several parts are missing: recover the whole engine. */
        FULL_RECOVERY,
        /** Something cannot be examined, or contradicts: see the facts. */
        UNCLEAR
    }

    /**
     * Something that was examined.
     *
     * @param intact whether it is as it should be
     */
    public record Fact(String name, boolean intact, String found) {}

    private final Case result;
    private final List<Fact> facts;
    private final String next;
    private final Optional<String> alternative;

    Assessment(Case result, List<Fact> facts, String next, Optional<String> alternative) {
        this.result = result;
        this.facts = List.copyOf(facts);
        this.next = next;
        this.alternative = alternative;
    }

    /**
     * Examines the places of a profile and the archive.
     *
     * @param store of the archive; empty if it is not known or cannot be opened
     * @param uri of the archive, for the command that is suggested
     * @throws IOException if a temporary file cannot be written
     */
    public static Assessment of(BackupProfile profile, Optional<ObjectStore> store, String uri) throws IOException {
        return new Examination(profile.settings(), store, uri, Clock.systemUTC()).run();
    }

    public Case result() {
        return result;
    }

    /** Returns everything that was examined, in order. */
    public List<Fact> facts() {
        return facts;
    }

    /**
     * Returns the command to run next, as it is typed, or what to do first if no command helps. A remark for the person may
     * follow in parentheses, after three spaces.
     */
    public String next() {
        return next;
    }

    /** Returns the other command that a person can decide for; empty if there is only one. */
    public Optional<String> alternative() {
        return alternative;
    }

    @Override
    public String toString() {
        return "Assessment[" + result + ", next=" + next + ", facts=" + facts + "]";
    }
}
