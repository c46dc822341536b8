package io.veloz.wal.backup;

import java.util.concurrent.ThreadLocalRandom;

/**
 * The places at which an enumeration cuts: every third one, beginning with one of the first three, so that all are cut in time;
 * with {@code -Dveloz.cuts=all} every one. A failure names its place.
 */
public final class Cuts {
    private static final int STEP = "all".equals(System.getProperty("veloz.cuts")) ? 1 : 3;

    private Cuts() {}

    /** Returns the first place. */
    public static int first() {
        return 1 + ThreadLocalRandom.current().nextInt(STEP);
    }

    /** Returns the distance from one place to the next. */
    public static int step() {
        return STEP;
    }
}
