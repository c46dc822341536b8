package io.veloz.wal.internal.commit;

import java.lang.reflect.Field;

/** Gates whose waiters park at once: the look before costs a trial more than all the rest, and hides what is tested. */
final class Gates {
    /** Longer than any wait that is woken, and short enough for a run in which a wake-up is lost. */
    static final long PATIENCE_NANOS = 5_000_000_000L;

    private Gates() {}

    static Gate parking() {
        try {
            Gate gate = new Gate(0);
            Field spinner = Gate.class.getDeclaredField("spinner");
            spinner.setAccessible(true);
            // As if somebody else were looking: there is one at a time.
            spinner.set(gate, Thread.currentThread());
            return gate;
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
