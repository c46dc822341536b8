package io.veloz.wal.internal.commit;

import java.lang.reflect.Field;

/** Gates whose waiters park without spinning first: spinning would dominate a trial and hide the parking. */
final class Gates {
    /** The timeout of a wait: longer than any wait that is woken, and short enough to end a run that loses a wake-up. */
    static final long TIMEOUT_NANOS = 5_000_000_000L;

    private Gates() {}

    static Gate parking() {
        try {
            Gate gate = new Gate(0);
            Field spinner = Gate.class.getDeclaredField("spinner");
            spinner.setAccessible(true);
            // As if another thread were spinning: only one thread spins at a time.
            spinner.set(gate, Thread.currentThread());
            return gate;
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
