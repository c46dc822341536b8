package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Everything there is between two requests: the store, what is under way to it, and the writers. Mutable until it is hashed. */
final class ModelWorld {
    /** A put that will arrive later. */
    record Late(long number, String sha256) {}

    /** What may still go wrong. */
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

    /** A writer, and the script of what it ships: T a tail, S a segment. */
    static final class Writer {
        final String script;
        final int index;
        int life;
        int next;
        Term term = Term.BEGINNING;

        Writer(int index, String script) {
            this.index = index;
            this.script = script;
        }

        Writer copy() {
            Writer copy = new Writer(index, script);
            copy.life = life;
            copy.next = next;
            copy.term = term;
            return copy;
        }

        List<Object> key() {
            Draft draft = term.draft();
            Slot winner = term.winner();
            return List.of(
                    index,
                    life,
                    next,
                    term.phase(),
                    term.tip().sha256(),
                    term.low(),
                    term.high(),
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

    /** Of the slot with the highest number; null if there is none. */
    @Nullable
    String tip() {
        return store.isEmpty() ? null : store.get(store.lastKey());
    }

    /** What tells this world from every other. */
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
