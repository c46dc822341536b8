package io.veloz.wal.backup;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveComparison;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.Assessment.Fact;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.postgres.DatabaseProbe;
import io.veloz.wal.backup.internal.postgres.DatabaseRestore;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.recovery.Engine;
import io.veloz.wal.backup.internal.recovery.Leftovers;
import io.veloz.wal.backup.internal.recovery.Observation;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Examines the places of a profile and the archive for an {@link Assessment}. For one run; it belongs to one thread. */
final class Examination {
    private final Profile profile;
    private final Optional<ObjectStore> store;
    private final Clock clock;
    private final AssessedCase found;
    private final List<Fact> facts = new ArrayList<>();

    Examination(Profile profile, Optional<ObjectStore> store, String uri, Clock clock) {
        this.profile = profile;
        this.store = store;
        this.clock = clock;
        this.found = new AssessedCase(profile, uri);
    }

    Assessment run() throws IOException {
        journal();
        leftovers();
        engine();
        log();
        files();
        Optional<RecoveryPoint> newest = newestPoint();
        database(newest);
        return found.conclude(facts);
    }

    private void fact(String name, boolean intact, String text) {
        facts.add(new Fact(name, intact, text));
    }

    private void unclear(String name, String text) {
        found.unclear = true;
        fact(name, false, text);
    }

    // ---- earlier recoveries

    private void journal() {
        String name = "earlier recovery";
        try {
            found.earlier = EarlierRecovery.read(profile);
            boolean finished = found.earlier.map(EarlierRecovery::isFinished).orElse(true);
            fact(
                    name,
                    finished,
                    found.earlier
                            .map(earlier -> earlier.describe(found.recover("--clean-up")))
                            .orElse("none"));
        } catch (IOException e) {
            unclear(name, String.valueOf(e.getMessage()));
        }
    }

    /** A recovery that was interrupted before its switch leaves secrets in plain text. */
    private void leftovers() {
        if (found.earlier.isPresent()) {
            // Its journal names what is staged, or what a rollback has set aside.
            return;
        }
        String name = "staging";
        try {
            List<String> left = Files.isDirectory(profile.stateDirectory(), LinkOption.NOFOLLOW_LINKS)
                    ? Leftovers.of(profile, StateDirectory.open(profile.stateDirectory()))
                    : List.of();
            if (!left.isEmpty()) {
                found.leftovers = true;
                fact(
                        name,
                        false,
                        left + " are of a recovery that was interrupted, unless one runs now, and contain what it"
                                + " decrypted; `" + found.recover("--clean-up") + "` deletes them");
            }
        } catch (IOException | RecoveryException e) {
            fact(name, false, "cannot be listed: " + e.getMessage());
        }
    }

    // ---- engine and log

    private void engine() throws IOException {
        String name = "engine";
        Optional<EngineSettings> settings = profile.engine();
        if (settings.isEmpty()) {
            found.runs = true;
            fact(name, true, "log.directory is not in the profile, so it was not examined");
            return;
        }
        boolean locked = Files.isDirectory(settings.get().logDirectory())
                && files(settings.get()).isLocked();
        // Not the state directory, which may not exist yet.
        Path scratch = Files.createTempDirectory("veloz-assess-");
        try {
            Engine engine = new Engine(settings.get(), scratch);
            Observation unit = engine.unit();
            Observation url = engine.url();
            found.runs = locked || (unit.runs() && !url.runs());
            found.readOnly = !locked && url.runs();
            fact(
                    name,
                    found.runs,
                    (locked ? "a process has the log open" : "no process has the log open")
                            + (found.readOnly
                                    ? ", and " + settings.get().url().orElseThrow() + " answers: it runs read-only"
                                    : url.isUnknown() ? "; " + url.detail() : "")
                            + (settings.get().unit().isPresent() ? "; " + unit.detail() : ""));
        } catch (IOException e) {
            unclear(name, String.valueOf(e.getMessage()));
        } finally {
            Files.deleteIfExists(scratch);
        }
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
            found.lostPaths.add(directory);
            logIsLost(directory + " does not exist");
            return;
        }
        try {
            RecoveryReport report =
                    WalRecovery.inspect(ReadOptions.of(directory).prefix(settings.logPrefix()));
            if (report.segments().isEmpty()) {
                logIsLost(directory + " has no log");
            } else if (!report.isSound()) {
                logIsLost(directory + " is damaged: " + report);
            } else {
                found.lastRecord = OptionalLong.of(report.lastSequence());
                fact("log", true, "records " + report.firstSequence() + " to " + report.lastSequence());
                compareWithArchive(settings);
            }
        } catch (WalException e) {
            logIsLost(String.valueOf(e.getMessage()));
        }
    }

    private void logIsLost(String text) {
        found.logLost = true;
        fact("log", false, text);
    }

    private void compareWithArchive(EngineSettings settings) {
        String name = "log and archive";
        if (store.isEmpty()) {
            return;
        }
        try {
            ArchiveComparison comparison = ArchiveComparison.of(store.get(), files(settings));
            String text = "the log ends with record " + comparison.localSequence() + ", its archive with "
                    + comparison.archivedSequence();
            switch (comparison.relation()) {
                case EQUAL, AHEAD -> fact(name, true, text);
                case BEHIND -> {
                    found.logLost = true;
                    fact(name, false, text + ": the log has lost its end");
                }
                case DIVERGED ->
                    unclear(
                            name,
                            text + ": they differ. If the archive is right, `" + found.logCommand("--discard-local-log")
                                    + "` sets the log aside");
                case OTHER_LOG, NO_LOG ->
                    unclear(
                            name,
                            text + ": they are different logs. Correct archive or log.directory in the profile; if the"
                                    + " archive is right, `" + found.logCommand("--discard-local-log")
                                    + "` sets the log aside");
            }
        } catch (WalException e) {
            boolean retired =
                    e instanceof WalRestoreException refused && refused.reason() == WalRestoreException.Reason.RETIRED;
            unclear(
                    name,
                    e.getMessage()
                            + (retired
                                    ? ". If the archive is right, `" + found.logCommand("--discard-local-log")
                                            + "` sets the log aside"
                                    : ""));
        }
    }

    // ---- files and database

    private void files() {
        for (Kind kind : profile.trees().keySet()) {
            List<Path> missing = profile.tree(kind).roots().stream()
                    .filter(root -> !Files.exists(root, LinkOption.NOFOLLOW_LINKS))
                    .toList();
            if (missing.isEmpty()) {
                fact(kind.label(), true, "every root exists");
            } else {
                found.lostTrees.add(kind);
                found.lostPaths.addAll(missing);
                fact(kind.label(), false, missing + " do not exist");
            }
        }
    }

    private void database(Optional<RecoveryPoint> newest) {
        if (profile.database().isEmpty()) {
            return;
        }
        DatabaseSettings settings = profile.database().get();
        DatabaseProbe.State state = DatabaseProbe.of(settings);
        switch (state.kind()) {
            case PRESENT -> fact("database", true, state.detail());
            case MISSING -> {
                found.databaseLost = true;
                found.keptDatabase =
                        found.earlier.flatMap(EarlierRecovery::keptDatabase).filter(name -> exists(settings, name));
                found.stagedDatabase =
                        found.earlier.flatMap(EarlierRecovery::stagedDatabase).filter(name -> exists(settings, name));
                fact(
                        "database",
                        false,
                        state.detail()
                                + found.keptDatabase
                                        .map(name -> "; " + name + ", from before the recovery, exists")
                                        .orElse(""));
                newest.ifPresent(this::roles);
            }
            case UNREACHABLE -> unclear("database", state.detail() + withoutDatabase());
        }
    }

    private static boolean exists(DatabaseSettings live, String name) {
        DatabaseSettings other = new DatabaseSettings(
                name,
                live.host(),
                live.port(),
                live.user(),
                live.restoreUser(),
                live.passwordFile(),
                live.maintenance(),
                live.appliedQuery(),
                live.rows(),
                live.rollForward(),
                live.programs());
        return DatabaseProbe.of(other).kind() == DatabaseProbe.State.Kind.PRESENT;
    }

    /** Every command that continues an earlier recovery fails if it needs a server that is lost. */
    private String withoutDatabase() {
        return found.earlier.filter(EarlierRecovery::hasDatabase).isPresent()
                ? ". If the server is lost, --without-database leaves it out of recover --resume, --roll-back and --clean-up"
                : "";
    }

    /** A new server has none of the roles, and a recovery creates them only on request. */
    private void roles(RecoveryPoint point) {
        Optional<DatabaseFacts> dumped = point.attachment(Kind.DATABASE).flatMap(Attachment::database);
        if (dumped.isEmpty()) {
            return;
        }
        try {
            List<String> missing = new DatabaseRestore(profile.database().orElseThrow(), dumped.get(), point.number())
                    .plan()
                    .missingRoles();
            if (!missing.isEmpty()) {
                found.rolesLost = true;
                fact("roles", false, missing + " do not exist on the server");
            }
        } catch (IOException | RecoveryException e) {
            // The plan of the recovery refuses with the same reason.
            fact("database server", false, String.valueOf(e.getMessage()));
        }
    }

    // ---- recovery points

    private Optional<RecoveryPoint> newestPoint() throws IOException {
        String name = "recovery points";
        if (store.isEmpty()) {
            unclear(name, "the archive was not opened");
            return Optional.empty();
        }
        try {
            List<PointChain.Stored> chain = new PointChain(store.get()).readAll();
            if (chain.isEmpty()) {
                found.noPoints = true;
                found.noArchive = store.get().list("ship/", "").isEmpty();
                fact(
                        name,
                        false,
                        "none in " + store.get().describe()
                                + (found.noArchive ? ", to which no log was shipped yet" : ""));
                return Optional.empty();
            }
            RecoveryPoint newest = chain.get(chain.size() - 1).point();
            newest.attachments().forEach(attachment -> found.archived.add(attachment.kind()));
            fact(
                    name,
                    true,
                    "the newest is " + newest.number() + ", made at " + newest.made() + ", "
                            + age(Duration.between(newest.made(), clock.instant())) + " ago");
            return Optional.of(newest);
        } catch (BadPointException | IOException e) {
            unclear(name, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private static String age(Duration age) {
        if (age.toMinutes() < 120) {
            return age.toMinutes() + " min";
        }
        return age.toHours() < 48 ? age.toHours() + " hours" : age.toDays() + " days";
    }
}
