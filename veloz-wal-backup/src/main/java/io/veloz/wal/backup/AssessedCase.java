package io.veloz.wal.backup;

import io.veloz.wal.backup.Assessment.Case;
import io.veloz.wal.backup.Assessment.Fact;
import io.veloz.wal.backup.internal.postgres.PsqlCommand;
import io.veloz.wal.backup.internal.profile.DrillSettings;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/** What an examination has found, the case that follows from it, and the next command. It belongs to one thread. */
final class AssessedCase {
    private static final String TOOL = "veloz-wal ";
    private static final String WITHOUT_DATABASE = " --without-database";

    private final Profile profile;
    private final String uri;

    /** A fact contradicts another one, or cannot be examined. */
    boolean unclear;

    boolean noPoints;

    /** No log was ever shipped to the archive, so nothing can be restored from it. */
    boolean noArchive;

    /** What the newest recovery point has. */
    final Set<Kind> archived = EnumSet.noneOf(Kind.class);

    /** Another recovery is refused while one is recorded. */
    Optional<EarlierRecovery> earlier = Optional.empty();

    boolean leftovers;
    boolean runs;
    boolean readOnly;
    boolean logLost;

    /** Of a log that can be read. */
    OptionalLong lastRecord = OptionalLong.empty();

    boolean databaseLost;

    /** The database that an earlier recovery replaced, and the one that it staged, if the live one is lost and they exist. */
    Optional<String> keptDatabase = Optional.empty();

    Optional<String> stagedDatabase = Optional.empty();
    boolean rolesLost;
    final Set<Kind> lostTrees = EnumSet.noneOf(Kind.class);

    /** Roots and the log directory that do not exist. */
    final List<Path> lostPaths = new ArrayList<>();

    AssessedCase(Profile profile, String uri) {
        this.profile = profile;
        this.uri = uri;
    }

    // ---- conclusion

    /** Returns the assessment. The order of the conditions is that of the runbook: an interrupted recovery first. */
    Assessment conclude(List<Fact> facts) {
        if (earlier.isPresent() && !earlier.get().isFinished()) {
            return halfDone(earlier.get(), facts);
        }
        if (unclear) {
            return result(Case.UNCLEAR, facts, "correct what is marked above, and assess again");
        }
        Optional<Case> lost = lost();
        if (lost.isEmpty()) {
            return intact(facts);
        }
        Optional<AfterRecovery> after = earlier.map(recovery -> new AfterRecovery(this, recovery));
        if (after.isPresent() && after.get().hasCopies()) {
            return after.get().keepCopies(lost.get(), facts);
        }
        if (noArchive && logLost) {
            return result(
                    Case.UNCLEAR,
                    facts,
                    "start the engine if it is new: there is neither a log nor an archive. Otherwise correct archive or"
                            + " log.directory in the profile, and assess again");
        }
        if (noPoints) {
            return lost.get() == Case.RESTORE_LOG
                    ? result(Case.RESTORE_LOG, facts, restoreLog())
                    : result(
                            Case.UNCLEAR,
                            facts,
                            "find the archive that has recovery points: without one, only the log can be restored, by `"
                                    + TOOL + "restore`");
        }
        return after.isPresent()
                ? after.get().cleanUpFirst(lost.get(), facts)
                : result(lost.get(), facts, command(lost.get()));
    }

    private Assessment halfDone(EarlierRecovery recovery, List<Fact> facts) {
        // A resume renames the staged database, a rollback the kept one: neither can rename one that does not exist.
        String resume = databaseLost && recovery.hasDatabase() && stagedDatabase.isEmpty() ? WITHOUT_DATABASE : "";
        String rollBack =
                databaseLost && recovery.keptDatabase().isPresent() && keptDatabase.isEmpty() ? WITHOUT_DATABASE : "";
        return switch (recovery.state()) {
            case CLEANING_UP -> result(Case.HALF_DONE, facts, new AfterRecovery(this, recovery).cleanUp());
            case ROLLING_BACK -> result(Case.HALF_DONE, facts, recover("--roll-back" + rollBack));
            default -> result(Case.HALF_DONE, facts, recover("--resume" + resume), recover("--roll-back" + rollBack));
        };
    }

    /** Returns which part is lost, or that several are; empty if nothing is. */
    private Optional<Case> lost() {
        Set<Case> lost = EnumSet.noneOf(Case.class);
        if (logLost) {
            lost.add(Case.RESTORE_LOG);
        }
        if (databaseLost) {
            lost.add(Case.RECOVER_DATABASE);
        }
        if (!lostTrees.isEmpty()) {
            lost.add(Case.RECOVER_FILES);
        }
        return lost.size() > 1 ? Optional.of(Case.FULL_RECOVERY) : lost.stream().findFirst();
    }

    private Assessment intact(List<Fact> facts) {
        Optional<EarlierRecovery.State> state = earlier.map(EarlierRecovery::state);
        boolean recovered = state.filter(EarlierRecovery.State.COMPLETE::equals).isPresent();
        boolean rolledBack =
                state.filter(EarlierRecovery.State.ROLLED_BACK::equals).isPresent();
        if (readOnly) {
            // A recovery that was rolled back cannot be resumed.
            return result(
                    Case.READ_ONLY,
                    facts,
                    recovered ? recover("--resume --go-live") : "curl -f -X POST " + url() + "/api/admin/live");
        }
        if (!runs && rolledBack) {
            return result(
                    Case.RESTART,
                    facts,
                    startCommand() + "   (`" + recover("--clean-up") + "` deletes what the rollback has set aside)");
        }
        if (!runs) {
            return result(Case.RESTART, facts, recovered && canStart() ? recover("--resume --start") : startCommand());
        }
        if (noPoints) {
            return result(Case.NO_POINTS, facts, TOOL + "backup " + archive() + "--profile " + profile.file());
        }
        return result(Case.HEALTHY, facts, earlier.isPresent() || leftovers ? recover("--clean-up") : "nothing");
    }

    static Assessment result(Case result, List<Fact> facts, String next) {
        return new Assessment(result, facts, next, Optional.empty());
    }

    static Assessment result(Case result, List<Fact> facts, String next, String alternative) {
        return new Assessment(result, facts, next, Optional.of(alternative));
    }

    // ---- commands

    /** Returns the command that continues an earlier recovery. */
    String recover(String options) {
        return TOOL + "recover " + options + " --profile " + profile.file();
    }

    /** Returns the command that restores the log alone, which needs no keys. */
    String logCommand(String options) {
        return TOOL + "recover-log " + archive() + "--profile " + profile.file() + " " + options;
    }

    private String command(Case lost) {
        return switch (lost) {
            case RESTORE_LOG -> logCommand("--plan");
            case RECOVER_DATABASE -> TOOL + "recover-database " + arguments();
            case RECOVER_FILES ->
                TOOL + "recover --no-log --kinds "
                        + lostTrees.stream().map(Kind::label).collect(Collectors.joining(",")) + " " + arguments();
            default -> TOOL + "recover " + arguments();
        };
    }

    private String arguments() {
        DrillSettings drill = profile.drill();
        return archive() + "--profile " + profile.file() + " --key " + file(drill.key()) + " --signer "
                + file(drill.signer()) + (rolesLost ? " --create-roles" : "") + " --plan";
    }

    private static String file(Optional<Path> file) {
        return file.filter(Files::exists).map(Path::toString).orElse("FILE");
    }

    /** Returns the command that gives a set-aside database the name of the profile. */
    String putInPlace(String database) {
        return PsqlCommand.putInPlace(profile.database().orElseThrow(), database);
    }

    /** Returns the log directory; empty if the profile has no engine. */
    Optional<Path> logDirectory() {
        return profile.engine().map(EngineSettings::logDirectory);
    }

    /** Returns the URI as an argument; nothing if the profile has the same. */
    private String archive() {
        return profile.archive().filter(uri::equals).isPresent() ? "" : uri + " ";
    }

    private String restoreLog() {
        Path directory = profile.engine().orElseThrow().logDirectory();
        return TOOL + "restore " + (Files.exists(directory) ? "--merge " : "") + uri + " " + directory;
    }

    private String url() {
        return profile.engine()
                .flatMap(EngineSettings::url)
                .map(url -> url.toString().replaceAll("/+$", ""))
                .orElseThrow();
    }

    private boolean canStart() {
        return profile.engine()
                .filter(engine -> !engine.start().isEmpty() && engine.url().isPresent())
                .isPresent();
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
}
