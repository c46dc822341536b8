package io.veloz.wal.archive.internal.restore;

import java.util.concurrent.locks.LockSupport;

/** Holds readers to a number of bytes a second, all together. Any thread may call it. */
final class Throttle {
    private final long bytesPerSecond;
    private final long started = System.nanoTime();
    private long taken;

    Throttle(long bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /** Returns when so many more bytes are in the limit. */
    void take(long bytes) {
        if (bytesPerSecond == Long.MAX_VALUE) {
            return;
        }
        long due;
        synchronized (this) {
            taken += bytes;
            due = started + (long) (taken * 1e9 / bytesPerSecond);
        }
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }
}
