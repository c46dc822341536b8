package io.veloz.wal.bench.jmh;

/** The value of a field between the constructor of a state, which JMH calls, and its setup method. */
final class Uninitialised {
    private Uninitialised() {}

    /** Returns null for a field that the setup method sets before any benchmark reads it. */
    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
    static <T> T value() {
        return null;
    }
}
