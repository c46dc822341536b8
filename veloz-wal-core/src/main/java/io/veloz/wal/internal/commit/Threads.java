package io.veloz.wal.internal.commit;

/** Waiting for a thread to end. */
final class Threads {
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
