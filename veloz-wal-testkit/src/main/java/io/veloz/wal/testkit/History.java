package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.List;

/**
 * What a workload began to do, and what it was told is done, each with the moment at which that was. Any thread may call
 * any method.
 *
 * @param <T> what is done: a record, a command, a state; with {@code equals}
 */
public final class History<T> {
    private final FaultyStorage storage;
    private final List<Event<T>> begun = new ArrayList<>();
    private final List<Event<T>> acknowledged = new ArrayList<>();

    private record Event<T>(T what, long changes) {}

    /** An empty history of what is done on a storage. */
    public History(FaultyStorage storage) {
        this.storage = storage;
    }

    /** To be called before it is done: from now on it may be found on the disk. */
    public synchronized void begin(T what) {
        begun.add(new Event<>(what, storage.changes()));
    }

    /** To be called when the caller was told that it is done: from now on it must be found on the disk. */
    public synchronized void acknowledge(T what) {
        acknowledged.add(new Event<>(what, storage.changes()));
    }

    /** What was begun, in that order. */
    public synchronized List<T> begun() {
        return begun.stream().map(Event::what).toList();
    }

    /** What was acknowledged, in that order. */
    public synchronized List<T> acknowledged() {
        return acknowledged.stream().map(Event::what).toList();
    }

    /** The part of this history before a change of its storage, as the past of another storage. */
    synchronized History<T> before(long change, FaultyStorage next) {
        History<T> past = new History<>(next);
        copy(begun, change, past.begun);
        copy(acknowledged, change, past.acknowledged);
        return past;
    }

    private static <T> void copy(List<Event<T>> from, long change, List<Event<T>> to) {
        for (Event<T> event : from) {
            if (event.changes <= change) {
                to.add(new Event<>(event.what, 0));
            }
        }
    }

    /** All of this history, as the past of another storage. */
    History<T> on(FaultyStorage next) {
        return before(Long.MAX_VALUE, next);
    }
}
