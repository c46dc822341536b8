package io.veloz.wal.backup.internal.recovery;

/**
 * Whether something of an engine runs, as far as it can be observed. Immutable.
 *
 * @param detail what was observed, as a statement
 */
public record Observation(State state, String detail) {
    /** What is known. */
    public enum State {
        /** It does not run, or the profile does not name it. */
        DOWN,
        RUNS,
        /** Neither was proven. */
        UNKNOWN
    }

    static Observation down(String detail) {
        return new Observation(State.DOWN, detail);
    }

    static Observation runs(String detail) {
        return new Observation(State.RUNS, detail);
    }

    static Observation unknown(String detail) {
        return new Observation(State.UNKNOWN, detail);
    }

    public boolean isDown() {
        return state == State.DOWN;
    }

    public boolean runs() {
        return state == State.RUNS;
    }

    public boolean isUnknown() {
        return state == State.UNKNOWN;
    }
}
