package io.veloz.wal.backup;

import io.veloz.wal.backup.Assessment.Case;
import io.veloz.wal.backup.Assessment.Fact;
import io.veloz.wal.backup.internal.place.Places;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The next command if something is lost after a recovery that was not cleaned up. A clean-up deletes what was in place before
 * the recovery, or after a rollback what the recovery had put in place. Either may be the last copy on this machine; another
 * recovery is refused until then. Immutable.
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

    /** Returns whether the recovery or its rollback has left a copy of something that is lost. */
    boolean hasCopies() {
        return databaseCopy().isPresent()
                || damagedLog().isPresent()
                || lost.stream().anyMatch(path -> copyOf(path).isPresent());
    }

    /** Returns a copy that must not be deleted: of what existed before the recovery, or of what is not in the archive. */
    private Optional<Path> copyOf(Path path) {
        Optional<Path> copy = earlier.copyOf(path);
        return copy.isPresent() || isArchived() ? copy : earlier.setAsideOf(path);
    }

    /** Returns the name of the copy of a database that is lost. */
    private Optional<String> databaseCopy() {
        boolean setAside = earlier.isUndone() && (replacedDatabase() || !isArchived());
        // A rollback without the database leaves the one from before under the name of a kept one.
        return found.keptDatabase.or(() -> setAside ? found.stagedDatabase : Optional.empty());
    }

    /** Returns whether a database existed before the recovery. */
    private boolean replacedDatabase() {
        return earlier.keptDatabase().isPresent();
    }

    /** Returns whether the newest recovery point has everything that is lost. */
    private boolean isArchived() {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        kinds.addAll(found.lostTrees);
        if (found.databaseLost) {
            kinds.add(Kind.DATABASE);
        }
        return !found.noPoints && found.archived.containsAll(kinds);
    }

    /** Returns the copy of a log that is damaged or behind its archive, and in place. */
    private Optional<Path> damagedLog() {
        return found.logLost ? found.logDirectory().filter(Files::exists).flatMap(this::copyOf) : Optional.empty();
    }

    /** Returns the assessment that deletes no copy. */
    Assessment keepCopies(Case result, List<Fact> facts) {
        String copies = lost.stream()
                .flatMap(path -> copyOf(path).map(copy -> "cp -a " + copy + " " + path).stream())
                .collect(Collectors.joining(" && "));
        if (!copies.isEmpty()) {
            // Copied, not moved: a rollback needs the original.
            return AssessedCase.result(
                    result,
                    facts,
                    copies + "   ("
                            + (earlier.isUndone() ? "what the recovery had put in place" : "from before the recovery")
                            + otherCopy() + "; " + AGAIN);
        }
        if (databaseCopy().isPresent()) {
            return keepDatabase(databaseCopy().get(), result, facts);
        }
        Path log = damagedLog().orElseThrow();
        String saved = cleanUp() + "   (" + saved(log) + " is the log "
                + (earlier.isUndone() ? "that the recovery had put in place" : "from before the recovery") + otherCopy()
                + "; " + AGAIN;
        return earlier.isUndone()
                ? AssessedCase.result(result, facts, saved)
                : AssessedCase.result(result, facts, saved, rollBack(""));
    }

    private Assessment keepDatabase(String copy, Case result, List<Fact> facts) {
        String from = found.keptDatabase.isPresent()
                ? copy + ", from before the recovery"
                : copy + ", which the recovery had put in place";
        String back = (earlier.isUndone() ? found.putInPlace(copy) : rollBack("")) + "   (puts back " + from
                + otherCopy() + (earlier.isUndone() ? "; " + AGAIN : ")");
        return AssessedCase.result(result, facts, back, cleanUp() + "   (keeps database " + copy + "; " + AGAIN);
    }

    /** Describes the copy in the archive. A log in the archive lacks the records that were not shipped. */
    private String otherCopy() {
        if (found.noPoints) {
            return "";
        }
        if (!isArchived()) {
            return "; the newest recovery point does not have it";
        }
        return found.logLost ? "; the archive has the records that were shipped" : "; the archive has the other copy";
    }

    // ---- no copies

    /** Returns the assessment that makes another recovery possible. Only if no copy is lost by that. */
    Assessment cleanUpFirst(Case result, List<Fact> facts) {
        if (earlier.state() == EarlierRecovery.State.ROLLED_BACK) {
            return AssessedCase.result(
                    result,
                    facts,
                    cleanUp() + "   (deletes " + deleted() + ", which the recovery had put in place" + otherCopy()
                            + "; " + AGAIN);
        }
        return AssessedCase.result(
                result, facts, cleanUp() + "   (" + AGAIN, rollBack(databaseIsLost() ? " --without-database" : ""));
    }

    /** Returns what the clean-up deletes. A database whose server or name is lost is not among that. */
    private List<String> deleted() {
        boolean noDatabase = found.databaseLost && (databaseIsLost() || found.stagedDatabase.isEmpty());
        return earlier.setAside().stream()
                .filter(name -> !noDatabase || !name.startsWith("database "))
                .toList();
    }

    // ---- commands

    /**
     * Returns the command that cleans up. The copies of what is lost are renamed before it: it refuses to delete them.
     */
    String cleanUp() {
        Stream<Path> copies =
                Stream.concat(lost.stream().flatMap(path -> copyOf(path).stream()), damagedLog().stream());
        String save = copies.distinct()
                .map(copy -> "mv " + copy + " " + saved(copy) + " && ")
                .collect(Collectors.joining());
        return save + found.recover("--clean-up" + (databaseIsLost() ? " --without-database" : ""));
    }

    /** Returns the name that a copy gets: next to the directory that the clean-up deletes, and not in it. */
    private static Path saved(Path copy) {
        Path deleted = copy;
        for (Path outer = copy; outer.getFileName() != null; outer = Objects.requireNonNull(outer.getParent())) {
            if (Places.isKept(outer) || Places.isStaging(outer)) {
                deleted = outer;
            }
        }
        String inner = deleted.relativize(copy).toString().replace('/', '.');
        return deleted.resolveSibling(deleted.getFileName() + (inner.isEmpty() ? "" : "." + inner) + SAVED);
    }

    /** Returns the command that rolls back a complete recovery. */
    private String rollBack(String options) {
        return found.recover("--roll-back" + options + (isWritten() ? " --set-aside-changes" : ""));
    }

    /** Returns whether the database that belongs in place does not exist: then a clean-up refuses to drop the other one. */
    private boolean databaseIsLost() {
        return found.databaseLost
                && earlier.hasDatabase()
                && (!earlier.isUndone() || databaseCopy().isPresent() || replacedDatabase());
    }

    /** Returns whether the log is not as it was recovered: then a rollback is refused. */
    private boolean isWritten() {
        return earlier.lastRecord().isPresent()
                && (found.lastRecord.isEmpty()
                        || found.lastRecord.getAsLong() > earlier.lastRecord().get());
    }
}
