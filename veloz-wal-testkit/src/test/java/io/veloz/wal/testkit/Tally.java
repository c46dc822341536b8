package io.veloz.wal.testkit;

import java.util.concurrent.atomic.AtomicLong;

/** Counts what a test class has tried, for the line that it prints in the end. Any thread may call any method. */
final class Tally {
    private final String what;
    private final AtomicLong count = new AtomicLong();

    Tally(String what) {
        this.what = what;
    }

    /** Returns what it was given. */
    int add(int tried) {
        count.addAndGet(tried);
        return tried;
    }

    void print() {
        System.out.println("tried: " + count + " " + what + ", rounds " + CrashPoints.rounds() + " from seed "
                + Long.getLong("wal.seed", 1));
    }
}
