package io.veloz.wal.archive.internal.ship;

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
        int crashes;
        int stale;
        int cleanUps;

        Budget copy() {
            Budget copy = new Budget();
            copy.lost = lost;
            copy.late = late;
            copy.crashes = crashes;
            copy.stale = stale;
            copy.cleanUps = cleanUps;
            return copy;
        }

        List<Object> key() {
            return List.of(lost, late, crashes, stale, cleanUps);
        }
    }

    /** A writer and the slots that it puts: T for a tail, S for a segment. */
    static final class Writer {
        final String script;
        final int index;
        int life;
        int next;
        WriterState state = WriterState.INITIAL;

        Writer(int index, String script) {
            this.index = index;
            this.script = script;
        }

        Writer copy() {
            Writer copy = new Writer(index, script);
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

    private ModelWorld(
            SortedMap<Long, String> store,
            Set<Long> unsettled,
            List<Late> late,
            Set<String> confirmed,
            List<Writer> writers,
            Budget budget) {
        this.store = store;
        this.unsettled = unsettled;
        this.late = late;
        this.confirmed = confirmed;
        this.writers = writers;
        this.budget = budget;
    }

    static ModelWorld of(Budget budget, String... scripts) {
        List<Writer> writers = new ArrayList<>();
        for (String script : scripts) {
            writers.add(new Writer(writers.size(), script));
        }
        return new ModelWorld(
                new TreeMap<>(), new TreeSet<>(), new ArrayList<>(), new HashSet<>(), writers, budget.copy());
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
                budget.copy());
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
        return key;
    }
}
