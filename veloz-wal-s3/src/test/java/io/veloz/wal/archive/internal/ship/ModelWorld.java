package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.DirectoryState;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.ship.WriterState.Draft;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The state between two requests: the store, the puts in flight, and the writers. Not modified after it was hashed. */
final class ModelWorld {
    /** A put that will arrive later. */
    record Late(long number, String sha256) {}

    /** The number of faults that may still happen. */
    static final class Budget {
        int lost;
        int late;
        int hedges;
        int crashes;
        int stale;
        int cleanUps;
        int directoryCopies;

        Budget copy() {
            Budget copy = new Budget();
            copy.lost = lost;
            copy.late = late;
            copy.hedges = hedges;
            copy.crashes = crashes;
            copy.stale = stale;
            copy.cleanUps = cleanUps;
            copy.directoryCopies = directoryCopies;
            return copy;
        }

        List<Object> key() {
            return List.of(lost, late, hedges, crashes, stale, cleanUps, directoryCopies);
        }
    }

    /** A writer and the slots that it puts: T for a tail, S for a segment. */
    static final class Writer {
        final String script;
        final int index;
        final int directory;
        boolean refused;
        int life;
        int next;
        WriterState state = WriterState.INITIAL;

        Writer(int index, int directory, String script) {
            this.index = index;
            this.directory = directory;
            this.script = script;
        }

        Writer copy() {
            Writer copy = new Writer(index, directory, script);
            copy.refused = refused;
            copy.life = life;
            copy.next = next;
            copy.state = state;
            return copy;
        }

        List<Object> key() {
            Draft draft = state.draft();
            Slot winner = state.winner();
            return List.of(
                    index,
                    refused,
                    life,
                    next,
                    state.phase(),
                    state.tip().sha256(),
                    state.low(),
                    state.high(),
                    draft == null ? "" : draft.sha256(),
                    winner == null ? 0 : winner.epoch());
        }
    }

    final SortedMap<Long, String> store;
    final Set<Long> unsettled;
    final List<Late> late;
    final Set<String> confirmed;
    final List<Writer> writers;
    final Budget budget;

    /** What each directory of the log knows. The second one does not exist before it is copied from the first. */
    final List<DirectoryState> directories;

    private ModelWorld(
            SortedMap<Long, String> store,
            Set<Long> unsettled,
            List<Late> late,
            Set<String> confirmed,
            List<Writer> writers,
            Budget budget,
            List<DirectoryState> directories) {
        this.store = store;
        this.unsettled = unsettled;
        this.late = late;
        this.confirmed = confirmed;
        this.writers = writers;
        this.budget = budget;
        this.directories = directories;
    }

    /** All writers ship from one directory; if directories may be copied, the last writer from the copy. */
    static ModelWorld of(Budget budget, String... scripts) {
        List<Writer> writers = new ArrayList<>();
        for (String script : scripts) {
            boolean isInTheCopy = budget.directoryCopies > 0 && writers.size() == scripts.length - 1;
            writers.add(new Writer(writers.size(), isInTheCopy ? 1 : 0, script));
        }
        List<DirectoryState> directories = new ArrayList<>();
        directories.add(DirectoryState.initial("ab".repeat(16)));
        return new ModelWorld(
                new TreeMap<>(),
                new TreeSet<>(),
                new ArrayList<>(),
                new HashSet<>(),
                writers,
                budget.copy(),
                directories);
    }

    ModelWorld copy() {
        List<Writer> copies = new ArrayList<>();
        writers.forEach(writer -> copies.add(writer.copy()));
        return new ModelWorld(
                new TreeMap<>(store),
                new TreeSet<>(unsettled),
                new ArrayList<>(late),
                new HashSet<>(confirmed),
                copies,
                budget.copy(),
                new ArrayList<>(directories));
    }

    /** Returns the digest of the last slot; null if there is none. */
    @Nullable
    String tip() {
        return store.isEmpty() ? null : store.get(store.lastKey());
    }

    /** Returns a key that is equal only for equal worlds. */
    List<Object> key() {
        List<Object> key = new ArrayList<>();
        key.add(store);
        key.add(unsettled);
        key.add(late);
        key.add(confirmed);
        writers.forEach(writer -> key.add(writer.key()));
        key.add(budget.key());
        directories.forEach(directory ->
                key.add(List.of(directory.writers(), directory.kept().number())));
        return key;
    }
}
