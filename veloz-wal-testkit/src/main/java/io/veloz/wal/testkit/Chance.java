package io.veloz.wal.testkit;

import java.util.Random;

/** The dice of one power cut or one failed force: the same seed always falls the same. It belongs to one thread. */
final class Chance {
    /** What is left of changes that are not durable. */
    enum Cut {
        NOTHING,
        EVERYTHING,
        /** Of each file a prefix, to the byte. */
        PREFIX,
        /** Of each sector or page what it was, what it became, or something between. */
        UNITS,
        /** The same, and some are torn, zeros, garbage, or bytes of another file. */
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
