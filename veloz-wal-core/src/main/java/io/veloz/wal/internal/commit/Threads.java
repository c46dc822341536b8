package io.veloz.wal.internal.commit;

/** Limits and helpers for waiting threads. Stateless. */
final class Threads {
    /**
     * Whether a thread may spin before it parks. On a machine with few cores the thread that it waits for, or the kernel
     * that completes the write, needs the core: spinning costs more than parking there.
     */
    static final boolean MAY_SPIN = Runtime.getRuntime().availableProcessors() >= 4;

    /**
     * The longest time that a thread parks before it checks its condition again. So a wake-up that is lost, because the
     * waking thread ran out of memory or stack, costs a second and is not a hang.
     */
    static final long LONGEST_PARK_NANOS = 1_000_000_000;

    private Threads() {}

    /** Waits for a thread, and returns whether it has ended. An interrupt does not end the wait; it stays pending. */
    static boolean join(Thread thread, long timeoutNanos) {
        long deadline = System.nanoTime() + timeoutNanos;
        boolean interrupted = false;
        try {
            while (thread.isAlive()) {
                long left = deadline - System.nanoTime();
                if (left <= 0 || thread == Thread.currentThread()) {
                    return false;
                }
                try {
                    thread.join(left / 1_000_000, (int) (left % 1_000_000));
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
