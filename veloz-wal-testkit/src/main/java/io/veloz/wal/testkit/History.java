package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.List;

/**
 * The steps that a workload began and those that were acknowledged to it, each with its time. Thread-safe.
 *
 * @param <T> a step, such as a record, a command or a state, with {@code equals}
 */
public final class History<T> {
    private final FaultyStorage storage;
    private final List<Event<T>> begun = new ArrayList<>();
    private final List<Event<T>> acknowledged = new ArrayList<>();

    private record Event<T>(T step, long changes) {}

    /** Creates an empty history of a storage. */
    public History(FaultyStorage storage) {
        this.storage = storage;
    }

    /** Records the start of a step. Call this before the step: it can be on the disk from now on. */
    public synchronized void begin(T step) {
        begun.add(new Event<>(step, storage.changes()));
    }

    /** Records that a step was acknowledged: it must be on the disk from now on. */
    public synchronized void acknowledge(T step) {
        acknowledged.add(new Event<>(step, storage.changes()));
    }

    /** Returns the begun steps, in order. */
    public synchronized List<T> begun() {
        return begun.stream().map(Event::step).toList();
    }

    /** Returns the acknowledged steps, in order. */
    public synchronized List<T> acknowledged() {
        return acknowledged.stream().map(Event::step).toList();
    }

    /** Returns the part of this history before a change, as the past of another storage. */
    synchronized History<T> before(long change, FaultyStorage next) {
        History<T> past = new History<>(next);
        copy(begun, change, past.begun);
        copy(acknowledged, change, past.acknowledged);
        return past;
    }

    private static <T> void copy(List<Event<T>> from, long change, List<Event<T>> to) {
        for (Event<T> event : from) {
            if (event.changes <= change) {
                to.add(new Event<>(event.step, 0));
            }
        }
    }

    /** Returns this history as the past of another storage. */
    History<T> on(FaultyStorage next) {
        return before(Long.MAX_VALUE, next);
    }
}
