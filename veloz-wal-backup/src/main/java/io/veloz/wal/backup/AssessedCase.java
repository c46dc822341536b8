package io.veloz.wal.backup;

import io.veloz.wal.backup.Assessment.Case;
import io.veloz.wal.backup.Assessment.Fact;
import io.veloz.wal.backup.internal.profile.DrillSettings;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What an examination has found, the case that follows from it, and the next command. It belongs to one thread. */
final class AssessedCase {
    private static final String TOOL = "veloz-wal ";

    private final Profile profile;
    private final String uri;

    /** A fact contradicts another one, or cannot be examined. */
    boolean unclear;

    boolean noPoints;

    /** The journal of a recovery or of its rollback is under way. */
    boolean interrupted;

    boolean rollingBack;

    /** The journal of a complete recovery exists: another one is refused. */
    boolean recovered;

    boolean leftovers;
    boolean runs;
    boolean readOnly;
    boolean logLost;
    boolean databaseLost;
    boolean rolesLost;
    final Set<Kind> lostTrees = EnumSet.noneOf(Kind.class);

    AssessedCase(Profile profile, String uri) {
        this.profile = profile;
        this.uri = uri;
    }

    // ---- conclusion

    /** Returns the assessment. The order of the conditions is that of the runbook: an interrupted recovery first. */
    Assessment conclude(List<Fact> facts) {
        if (interrupted) {
            return rollingBack
                    ? result(Case.HALF_DONE, facts, recover("--roll-back"))
                    : result(Case.HALF_DONE, facts, recover("--resume"), recover("--roll-back"));
        }
        if (unclear) {
            return result(Case.UNCLEAR, facts, "correct what is marked above, and assess again");
        }
        Optional<Case> lost = lost();
        if (lost.isEmpty()) {
            return intact(facts);
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
        if (recovered) {
            return result(lost.get(), facts, recover("--clean-up") + "   (then assess again)", recover("--roll-back"));
        }
        return result(lost.get(), facts, command(lost.get()));
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
        if (readOnly) {
            return result(
                    Case.READ_ONLY,
                    facts,
                    recovered ? recover("--resume --go-live") : "curl -f -X POST " + url() + "/api/admin/live");
        }
        if (!runs) {
            return result(Case.RESTART, facts, recovered && canStart() ? recover("--resume --start") : startCommand());
        }
        if (noPoints) {
            return result(Case.NO_POINTS, facts, TOOL + "backup " + archive() + "--profile " + profile.file());
        }
        return result(Case.HEALTHY, facts, recovered || leftovers ? recover("--clean-up") : "nothing");
    }

    private static Assessment result(Case result, List<Fact> facts, String next) {
        return new Assessment(result, facts, next, Optional.empty());
    }

    private static Assessment result(Case result, List<Fact> facts, String next, String alternative) {
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
