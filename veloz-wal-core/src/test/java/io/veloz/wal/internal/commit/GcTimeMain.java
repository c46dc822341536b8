package io.veloz.wal.internal.commit;

import io.veloz.wal.internal.stats.GcTime;

/** Prints the time of the garbage collections of its process. */
final class GcTimeMain {
    private GcTimeMain() {}

    public static void main(String[] args) {
        GcTime.load();
        System.out.println(GcTime.processMillis());
    }
}
