package io.veloz.wal.backup;

import io.veloz.wal.backup.Assessment.Case;
import io.veloz.wal.backup.Assessment.Fact;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The next command if something is lost after a recovery that was not cleaned up. A clean-up deletes what was in place before
 * the recovery, which may be the last copy on this machine; another recovery is refused until then. Immutable.
 */
final class AfterRecovery {
    private static final String AGAIN = "then assess again)";

    /** Ends the name that a copy gets so that a clean-up does not delete it. */
    private static final String SAVED = ".saved";

    private final AssessedCase found;
    private final EarlierRecovery earlier;

    /** What is lost, without what is inside of another lost directory. */
    private final List<Path> lost;

    AfterRecovery(AssessedCase found, EarlierRecovery earlier) {
        this.found = found;
        this.earlier = earlier;
        this.lost = found.lostPaths.stream()
                .distinct()
                .filter(path ->
                        found.lostPaths.stream().noneMatch(other -> !other.equals(path) && path.startsWith(other)))
                .toList();
    }

    // ---- copies

    /** Returns whether the recovery has left a copy of something that is lost. */
    boolean hasCopies() {
        return earlier.state() == EarlierRecovery.State.COMPLETE
                && (found.keptDatabase.isPresent()
                        || damagedLog().isPresent()
                        || lost.stream().anyMatch(path -> earlier.copyOf(path).isPresent()));
    }

    /** Returns the copy of a log that is damaged or behind its archive, and in place. */
    private Optional<Path> damagedLog() {
        return found.logLost ? found.logDirectory().filter(Files::exists).flatMap(earlier::copyOf) : Optional.empty();
    }

    /** Returns the assessment that deletes no copy. */
    Assessment keepCopies(Case result, List<Fact> facts) {
        String copies = lost.stream()
                .flatMap(path -> earlier.copyOf(path).map(copy -> "cp -a " + copy + " " + path).stream())
                .collect(Collectors.joining(" && "));
        if (!copies.isEmpty()) {
            // Copied, not moved: a rollback needs the original.
            return AssessedCase.result(
                    result, facts, copies + "   (from before the recovery" + otherCopy() + "; " + AGAIN);
        }
        if (found.keptDatabase.isPresent()) {
            return keepDatabase(found.keptDatabase.get(), result, facts);
        }
        return AssessedCase.result(
                result,
                facts,
                cleanUp() + "   (" + damagedLog().orElseThrow() + SAVED + " is the log from before the recovery"
                        + otherCopy() + "; " + AGAIN,
                rollBack(""));
    }

    private Assessment keepDatabase(String kept, Case result, List<Fact> facts) {
        String back = rollBack("") + "   (puts back " + kept + ", from before the recovery" + otherCopy() + ")";
        return AssessedCase.result(result, facts, back, cleanUp() + "   (keeps database " + kept + "; " + AGAIN);
    }

    private String otherCopy() {
        return found.noPoints ? "" : "; the archive has the other copy";
    }

    // ---- no copies

    /** Returns the assessment that makes another recovery possible. Only if no copy is lost by that. */
    Assessment cleanUpFirst(Case result, List<Fact> facts) {
        if (earlier.state() == EarlierRecovery.State.ROLLED_BACK) {
            return AssessedCase.result(
                    result,
                    facts,
                    cleanUp() + "   (deletes " + earlier.setAside()
                            + ", which the recovery had put in place; the archive has the other copy; " + AGAIN);
        }
        return AssessedCase.result(
                result, facts, cleanUp() + "   (" + AGAIN, rollBack(databaseIsLost() ? " --without-database" : ""));
    }

    // ---- commands

    /**
     * Returns the command that cleans up. The copies of what is lost are renamed before it: it refuses to delete them.
     */
    String cleanUp() {
        Stream<Path> copies =
                Stream.concat(lost.stream().flatMap(path -> earlier.copyOf(path).stream()), damagedLog().stream());
        String save = copies.distinct()
                .map(copy -> "mv " + copy + " " + copy + SAVED + " && ")
                .collect(Collectors.joining());
        return save + found.recover("--clean-up" + (databaseIsLost() ? " --without-database" : ""));
    }

    /** Returns the command that rolls back a complete recovery. */
    private String rollBack(String options) {
        return found.recover("--roll-back" + options + (isWritten() ? " --set-aside-changes" : ""));
    }

    /** Returns whether the database that the recovery put in place does not exist. */
    private boolean databaseIsLost() {
        return found.databaseLost && earlier.hasDatabase() && !earlier.isUndone();
    }

    /** Returns whether the log is not as it was recovered: then a rollback is refused. */
    private boolean isWritten() {
        return earlier.lastRecord().isPresent()
                && (found.lastRecord.isEmpty()
                        || found.lastRecord.getAsLong() > earlier.lastRecord().get());
    }
}
