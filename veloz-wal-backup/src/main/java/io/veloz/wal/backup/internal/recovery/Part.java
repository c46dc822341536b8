package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.internal.place.Step;
import java.io.IOException;
import java.util.List;

/**
 * One of the things that a recovery prepares next to its place, and then puts in place. Until the steps run, nothing in place
 * changes. It belongs to one thread.
 */
public interface Part {
    /** Returns the name for progress and timings. */
    String name();

    /** Returns a line for each action, for the plan. Reads only. */
    List<String> describe() throws IOException;

    /** Returns the names that it stages under: paths, or databases as {@link Leftovers} writes them. */
    default List<String> stagingNames() {
        return List.of();
    }

    /** Refuses what could not be switched, and names of staging that exist. Nothing is changed. */
    default void prepare() throws IOException {}

    /** Prepares everything in staging. Returns when it is durable. */
    default void stage() throws IOException {}

    /** Compares what was staged with the recovery point. */
    List<Gate> gates() throws IOException;

    /**
     * Does what only adds to what is in place, after all gates were passed and before the first step of the switch. It is not
     * undone by a rollback, and may be repeated.
     */
    default void beforeSwitch() throws IOException {}

    /** Returns the steps of the switch, for what is in place now. */
    default List<Step> steps() throws IOException {
        return List.of();
    }

    /** Returns what a person should correct before the engine is started. */
    List<String> findings();

    /**
     * A condition that must be met before the first step of the switch.
     *
     * @param detail what was expected and what was found
     */
    record Gate(String name, boolean passed, String detail) {
        @Override
        public String toString() {
            return (passed ? "passed: " : "failed: ") + name + " (" + detail + ")";
        }
    }
}
