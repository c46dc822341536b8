package io.veloz.wal.testkit;

import java.util.Random;

/** The random source of one power cut or one failed force, deterministic for a seed. Confined to one thread. */
final class Chance {
    /** The changes that survive although they are not durable. */
    enum Cut {
        NOTHING,
        EVERYTHING,
        /** A prefix of the changes of each file, to the byte. */
        PREFIX,
        /** Each sector or page has its old content, its new content, or an intermediate one. */
        UNITS,
        /** Like {@link #UNITS}, but some are torn, zeroed, garbage, or contain bytes of another file. */
        DAMAGE
    }

    private final Random random;
    private final Cut cut;

    Chance(long seed) {
        // Mixed, because the first numbers of neighbouring seeds are alike.
        this.random = new Random(seed * 0x9E3779B97F4A7C15L);
        this.cut = Cut.values()[below(Cut.values().length)];
    }

    Cut cut() {
        return cut;
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    boolean coin() {
        return random.nextBoolean();
    }

    void fill(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            bytes[i] = (byte) random.nextInt();
        }
    }
}
