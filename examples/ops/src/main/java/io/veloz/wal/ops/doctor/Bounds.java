package io.veloz.wal.ops.doctor;

import java.time.Duration;

/**
 * The limits of a measurement. Immutable.
 *
 * @param time the time that is distributed over all steps
 * @param spaceBytes the largest size of all scratch files together
 * @param maxSamples the largest number of samples of a series
 */
public record Bounds(Duration time, long spaceBytes, int maxSamples) {
    /** The smallest space: the file of the writes has room for one batch at least. */
    public static final long MIN_SPACE_BYTES = 6L * 1024 * 1024;

    /** The default of {@link #maxSamples}. */
    public static final int MAX_SAMPLES = 20_000;

    /** The number of rounds of the writes that alternate. */
    static final int ROUNDS = 4;

    private static final int FILES = 3;

    public Bounds {
        if (spaceBytes < MIN_SPACE_BYTES) {
            throw new IllegalArgumentException("spaceBytes " + spaceBytes + ": expected at least " + MIN_SPACE_BYTES);
        }
        if (maxSamples < 1) {
            throw new IllegalArgumentException("maxSamples " + maxSamples + ": expected 1 or more");
        }
    }

    /** Returns the size of each scratch file: a multiple of 4 KiB. */
    long fileBytes() {
        return spaceBytes / FILES / 4096 * 4096;
    }

    /** Returns the largest number of bytes that one step writes. */
    long stepBytes() {
        return 2 * fileBytes();
    }

    /** Returns the largest number of bytes that one step writes which is repeated in each round. */
    long roundBytes() {
        return stepBytes() / ROUNDS;
    }

    /** Returns the largest number of bytes that are filled while other writes are measured. */
    long fillBytes() {
        return 4 * fileBytes();
    }
}
