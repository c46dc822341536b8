package io.veloz.wal.testkit;

import java.util.List;
import java.util.Random;

/** The random source of {@link HostileFiles}, with numbers at which programs tend to break. Confined to one thread. */
final class Dice {
    private static final long[] STRANGE = {
        0,
        1,
        -1,
        2,
        7,
        8,
        55,
        56,
        88,
        4095,
        4096,
        1 << 16,
        1 << 26,
        (1 << 26) + 8,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        0xFFFF_FFFFL,
        1L << 40,
        9_999_999_999_999_999L,
        10_000_000_000_000_000L,
        Long.MAX_VALUE,
        Long.MAX_VALUE - 1,
        Long.MIN_VALUE,
        Long.MIN_VALUE + 1
    };

    private final Random random;

    Dice(long seed) {
        // Mixed, because the first numbers of neighbouring seeds are alike.
        this.random = new Random(seed * 0x9E3779B97F4A7C15L);
    }

    /** Returns a number from 0 to {@code bound - 1}. */
    int below(int bound) {
        return random.nextInt(bound);
    }

    boolean oneIn(int count) {
        return random.nextInt(count) == 0;
    }

    <E> E of(List<E> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    long number() {
        return random.nextLong();
    }

    /** Returns a replacement for the value of a field: a close number, one that overflows, or any other. */
    long insteadOf(long value) {
        return switch (random.nextInt(4)) {
            case 0 -> value + random.nextInt(17) - 8;
            case 1 -> value ^ (1L << random.nextInt(64));
            case 2 -> STRANGE[random.nextInt(STRANGE.length)];
            default -> value + 8L * (random.nextInt(257) - 128);
        };
    }

    byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        random.nextBytes(noise);
        return noise;
    }
}
