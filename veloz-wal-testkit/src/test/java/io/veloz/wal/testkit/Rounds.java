package io.veloz.wal.testkit;

import java.util.function.LongConsumer;

/** How often randomised tests go round, and with which seeds: the system properties wal.rounds and wal.seed. */
final class Rounds {
    private Rounds() {}

    /** For the table of faults in docs/durability.md. */
    static int tried(String what, int times) {
        System.out.printf("tried %,7d times: %s%n", times, what);
        return times;
    }

    static long firstSeed() {
        return Long.getLong("wal.seed", 1);
    }

    static void run(LongConsumer withSeed) {
        long seed = firstSeed();
        for (int round = 0; round < CrashPoints.rounds(); round++) {
            System.out.println("seed " + (seed + round));
            withSeed.accept(seed + round);
        }
    }
}
