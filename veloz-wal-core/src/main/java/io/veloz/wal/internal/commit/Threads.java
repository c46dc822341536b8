package io.veloz.wal.internal.commit;

/** How the threads of a log wait. Stateless. */
final class Threads {
    /**
     * Whether a thread may look for news for a while before it parks. Where cores are few, the one it keeps busy is needed
     * by the thread it waits for, or by the kernel to finish the write: that costs more than parking does.
     */
    static final boolean MAY_SPIN = Runtime.getRuntime().availableProcessors() >= 4;

    /**
     * No thread waits longer than this without a look at what it waits for. So a wake-up that is lost, because memory or
     * stack ran out on the thread that owed it, costs a second and not a hang.
     */
    static final long LONGEST_PARK_NANOS = 1_000_000_000;

    private Threads() {}

    /** Waits, and does not give up when interrupted: the interrupt is kept. Returns whether the thread has ended. */
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
