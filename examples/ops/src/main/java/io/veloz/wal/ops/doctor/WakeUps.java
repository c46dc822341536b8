package io.veloz.wal.ops.doctor;

import java.util.concurrent.locks.LockSupport;

/** Measures how late this machine wakes threads. Every durable append waits for such a wake-up. Stateless. */
final class WakeUps {
    private static final long SLEEP_NANOS = 100_000;
    private static final long POLL_NANOS = 20_000;

    private WakeUps() {}

    /** Sleeps for 100 us each time, and records how much longer the sleep was. */
    static void sleeps(Samples to, Deadline deadline) {
        while (to.wantsMore(deadline)) {
            long started = System.nanoTime();
            LockSupport.parkNanos(SLEEP_NANOS);
            // A spurious wake-up is too early.
            to.add(Math.max(0, System.nanoTime() - started - SLEEP_NANOS));
        }
    }

    /** Wakes a parked thread each time, and records the time until it runs. */
    static void unparks(Samples to, Deadline deadline) {
        Sleeper sleeper = new Sleeper();
        sleeper.setDaemon(true);
        sleeper.start();
        try {
            while (to.wantsMore(deadline)) {
                // Leaves the other thread the time to park.
                LockSupport.parkNanos(SLEEP_NANOS);
                to.add(sleeper.wakeUp());
            }
        } finally {
            sleeper.end();
        }
    }

    /** A thread that parks until it is woken, and records how long that took. */
    private static final class Sleeper extends Thread {
        private static final long NOTHING = Long.MIN_VALUE;

        private volatile boolean ended;
        private volatile long wokenAt = NOTHING;
        private volatile long tookNanos = NOTHING;

        Sleeper() {
            super("veloz-wal-doctor-sleeper");
        }

        @Override
        public void run() {
            while (!ended) {
                long woken = wokenAt;
                if (woken == NOTHING) {
                    LockSupport.park(this);
                } else {
                    wokenAt = NOTHING;
                    tookNanos = System.nanoTime() - woken;
                }
            }
        }

        long wakeUp() {
            tookNanos = NOTHING;
            wokenAt = System.nanoTime();
            LockSupport.unpark(this);
            while (tookNanos == NOTHING) {
                // Not a spin: on a single processor it would delay the other thread.
                LockSupport.parkNanos(POLL_NANOS);
            }
            return tookNanos;
        }

        void end() {
            ended = true;
            LockSupport.unpark(this);
        }
    }
}
