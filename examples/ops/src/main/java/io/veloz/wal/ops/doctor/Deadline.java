package io.veloz.wal.ops.doctor;

import java.util.function.BooleanSupplier;

/** The end of a step: a time, or an earlier request to stop. It belongs to one thread. */
final class Deadline {
    private final long untilNanos;
    private final BooleanSupplier stopped;

    Deadline(long untilNanos, BooleanSupplier stopped) {
        this.untilNanos = untilNanos;
        this.stopped = stopped;
    }

    boolean isOver() {
        return stopped.getAsBoolean() || System.nanoTime() - untilNanos >= 0;
    }

    /** Returns a deadline that is over earlier if a condition is true. */
    Deadline orWhen(BooleanSupplier condition) {
        return new Deadline(untilNanos, () -> stopped.getAsBoolean() || condition.getAsBoolean());
    }
}
