package io.veloz.wal.testkit;

import java.util.Locale;
import java.util.function.LongConsumer;

/** The rounds and seeds of randomized tests, from the system properties wal.rounds and wal.seed. */
final class Rounds {
    private Rounds() {}

    /** Prints a count for the table of faults in docs/durability.md, and returns it. */
    static int tried(String what, int times) {
        System.out.printf(Locale.ROOT, "tried %,7d times: %s%n", times, what);
        return times;
    }

    static long firstSeed() {
        return Long.getLong("wal.seed", 1);
    }

    static void run(LongConsumer withSeed) {
        long seed = firstSeed();
        for (int round = 0; round < CrashPoints.rounds(); round++) {
            System.out.println("seed " + (seed + round));
            try {
                withSeed.accept(seed + round);
            } catch (AssertionError e) {
                throw new AssertionError(command(seed + round) + "\n" + e.getMessage(), e);
            }
        }
    }

    /** Returns the command that repeats the test. */
    private static String command(long seed) {
        String test = StackWalker.getInstance()
                .walk(frames -> frames.map(StackWalker.StackFrame::getClassName)
                        .filter(name -> name.endsWith("Test"))
                        .map(name -> name.substring(name.lastIndexOf('.') + 1))
                        .findFirst()
                        .orElse("*Test"));
        return "repeat with: mvn -B -pl veloz-wal-testkit -am verify -Dtest=" + test
                + " -Dsurefire.failIfNoSpecifiedTests=false -Dwal.seed=" + seed;
    }
}
