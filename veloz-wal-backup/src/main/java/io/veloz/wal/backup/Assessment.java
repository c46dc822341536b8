package io.veloz.wal.backup;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ArchiveComparison;
import io.veloz.wal.archive.ArchiveComparison.Relation;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.postgres.DatabaseProbe;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.recovery.Engine;
import io.veloz.wal.backup.internal.recovery.Parts;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The first step after an incident: what is intact, which case it is, and the next command. Reads only; a person decides.
 * Immutable.
 */
public final class Assessment {
    /** The cases of the runbook, docs/disaster-recovery.md. */
    public enum Case {
        /** The engine runs, and everything is intact. */
        HEALTHY,
        /** An earlier recovery was interrupted: resume it or roll it back. */
        HALF_DONE,
        /** The engine is down, and everything is intact: start it. */
        RESTART,
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

    private Assessment(Case result, List<Fact> facts, String next) {
        this.result = result;
        this.facts = List.copyOf(facts);
        this.next = next;
    }

    /**
     * Examines the places of a profile and the archive.
     *
     * @param store of the archive; empty if it is not known or cannot be opened
     * @param uri of the archive, for the command that is suggested
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

    /** Returns the command to run next, or the reason why a person has to look first. */
    public String next() {
        return next;
    }

    @Override
    public String toString() {
        return "Assessment[" + result + ", next=" + next + ", facts=" + facts + "]";
    }

    private static final class Examination {
        private final Profile profile;
        private final Optional<ObjectStore> store;
        private final String uri;
        private final Clock clock;
        private final List<Fact> facts = new ArrayList<>();
        private final Set<Case> needed = EnumSet.noneOf(Case.class);
        private boolean unclear;

        Examination(Profile profile, Optional<ObjectStore> store, String uri, Clock clock) {
            this.profile = profile;
            this.store = store;
            this.uri = uri;
            this.clock = clock;
        }

        Assessment run() throws IOException {
            Optional<SwitchJournal> journal = journal();
            boolean runs = engineRuns();
            log();
            files();
            database();
            points();
            if (journal.isPresent() && !journal.get().isComplete()) {
                return result(
                        Case.HALF_DONE,
                        journal.get().isRollingBack()
                                ? "recover --roll-back --profile " + profile.file()
                                : "recover --resume --profile " + profile.file() + "   (or --roll-back)");
            }
            if (unclear) {
                return result(Case.UNCLEAR, "correct what is marked above, and assess again");
            }
            if (needed.isEmpty()) {
                return runs ? result(Case.HEALTHY, "nothing") : result(Case.RESTART, startCommand());
            }
            if (needed.size() > 1) {
                return result(Case.FULL_RECOVERY, "recover " + arguments());
            }
            Case only = needed.iterator().next();
            String command = switch (only) {
                case RESTORE_LOG -> "recover-log ";
                case RECOVER_DATABASE -> "recover-database ";
                default -> "recover --no-log --kinds configuration,secrets ";
            };
            return result(only, command + arguments());
        }

        private String arguments() {
            return uri + " --profile " + profile.file() + " --key FILE --signer FILE --plan";
        }

        private String startCommand() {
            Optional<EngineSettings> engine = profile.engine();
            if (engine.isPresent() && !engine.get().start().isEmpty()) {
                return String.join(" ", engine.get().start());
            }
            return engine.flatMap(EngineSettings::unit)
                    .map(unit -> "systemctl start " + unit)
                    .orElse("start the engine");
        }

        private Assessment result(Case result, String next) {
            return new Assessment(result, facts, next);
        }

        private void fact(String name, boolean intact, String found) {
            facts.add(new Fact(name, intact, found));
        }

        private void unclear(String name, String found) {
            unclear = true;
            fact(name, false, found);
        }

        // ---- facts

        private Optional<SwitchJournal> journal() throws IOException {
            if (!Files.isDirectory(profile.stateDirectory(), LinkOption.NOFOLLOW_LINKS)) {
                fact("earlier recovery", true, "none");
                return Optional.empty();
            }
            Optional<SwitchJournal> journal =
                    SwitchJournal.open(StateDirectory.open(profile.stateDirectory()), Parts.stepReader(profile));
            boolean complete = journal.map(SwitchJournal::isComplete).orElse(true);
            fact(
                    "earlier recovery",
                    complete,
                    journal.map(SwitchJournal::toString).orElse("none"));
            return journal;
        }

        private boolean engineRuns() throws IOException {
            Optional<EngineSettings> settings = profile.engine();
            if (settings.isEmpty()) {
                fact("engine", true, "log.directory is not in the profile, so it was not examined");
                return true;
            }
            boolean locked = Files.isDirectory(settings.get().logDirectory())
                    && files(settings.get()).isLocked();
            Optional<Boolean> active = new Engine(settings.get(), profile.stateDirectory()).isUnitActive();
            boolean runs = locked || active.orElse(false);
            fact(
                    "engine",
                    runs,
                    (locked ? "a process has the log open" : "no process has the log open")
                            + active.map(value -> value ? "; its unit is active" : "; its unit is not active")
                                    .orElse(""));
            return runs;
        }

        private static LogFiles files(EngineSettings settings) {
            return LogFiles.of(DiskStorage.open(settings.logDirectory()), settings.logPrefix());
        }

        private void log() {
            if (profile.engine().isEmpty()) {
                return;
            }
            EngineSettings settings = profile.engine().get();
            Path directory = settings.logDirectory();
            if (!Files.isDirectory(directory)) {
                needed.add(Case.RESTORE_LOG);
                fact("log", false, directory + " does not exist");
                return;
            }
            try {
                RecoveryReport report =
                        WalRecovery.inspect(ReadOptions.of(directory).prefix(settings.logPrefix()));
                if (report.segments().isEmpty()) {
                    needed.add(Case.RESTORE_LOG);
                    fact("log", false, directory + " has no log");
                } else if (!report.isSound()) {
                    needed.add(Case.RESTORE_LOG);
                    fact("log", false, directory + " is damaged: " + report);
                } else {
                    fact("log", true, "records " + report.firstSequence() + " to " + report.lastSequence());
                    compareWithArchive(settings);
                }
            } catch (WalException e) {
                needed.add(Case.RESTORE_LOG);
                fact("log", false, String.valueOf(e.getMessage()));
            }
        }

        private void compareWithArchive(EngineSettings settings) {
            if (store.isEmpty()) {
                return;
            }
            try {
                ArchiveComparison comparison = ArchiveComparison.of(store.get(), files(settings));
                String found = "the log ends with record " + comparison.localSequence() + ", its archive with "
                        + comparison.archivedSequence();
                switch (comparison.relation()) {
                    case EQUAL, AHEAD -> fact("log and archive", true, found);
                    case BEHIND -> {
                        needed.add(Case.RESTORE_LOG);
                        fact("log and archive", false, found + ": the log has lost its end");
                    }
                    case DIVERGED, OTHER_LOG, NO_LOG ->
                        unclear(
                                "log and archive",
                                found + ": "
                                        + (comparison.relation() == Relation.DIVERGED ? "they differ" : "other logs"));
                }
            } catch (WalException e) {
                unclear("log and archive", String.valueOf(e.getMessage()));
            }
        }

        private void files() {
            for (Kind kind : profile.trees().keySet()) {
                List<Path> missing = profile.tree(kind).roots().stream()
                        .filter(root -> !Files.exists(root, LinkOption.NOFOLLOW_LINKS))
                        .toList();
                if (missing.isEmpty()) {
                    fact(kind.label(), true, "every root exists");
                } else {
                    needed.add(Case.RECOVER_FILES);
                    fact(kind.label(), false, missing + " do not exist");
                }
            }
        }

        private void database() {
            if (profile.database().isEmpty()) {
                return;
            }
            DatabaseProbe.State state = DatabaseProbe.of(profile.database().get());
            switch (state.kind()) {
                case PRESENT -> fact("database", true, state.detail());
                case MISSING -> {
                    needed.add(Case.RECOVER_DATABASE);
                    fact("database", false, state.detail());
                }
                case UNREACHABLE -> unclear("database", state.detail());
            }
        }

        private void points() throws IOException {
            if (store.isEmpty()) {
                unclear("recovery points", "the archive was not opened");
                return;
            }
            try {
                List<PointChain.Stored> chain = new PointChain(store.get()).readAll();
                if (chain.isEmpty()) {
                    unclear("recovery points", "none in " + store.get().describe());
                    return;
                }
                RecoveryPoint newest = chain.get(chain.size() - 1).point();
                fact(
                        "recovery points",
                        true,
                        "the newest is " + newest.number() + ", made at " + newest.made() + ", "
                                + Duration.between(newest.made(), clock.instant())
                                        .toHours() + " hours ago");
            } catch (BadPointException | IOException e) {
                unclear("recovery points", String.valueOf(e.getMessage()));
            }
        }
    }
}
