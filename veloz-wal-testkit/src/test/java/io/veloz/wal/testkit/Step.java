package io.veloz.wal.testkit;

import java.nio.ByteBuffer;
import java.util.Random;

/** A thing that a workload does to a log, and that is later looked for. */
sealed interface Step {
    /**
     * A record.
     *
     * @param life in which open log it was appended: after a crash the sequences of lost records are given again
     * @param groupFirst the sequence of the first record of its atomic group; its own if it is alone
     * @param groupLast of the last one
     */
    record Append(long sequence, int life, long groupFirst, long groupLast) implements Step {
        private static final int[] SIZES = {0, 1, 7, 8, 9, 100, 511, 512, 513, 1000, 2000, 3000, 3900};
        private static final int[] SIZES_IN_GROUP = {600, 0, 900, 24};

        static Append alone(long sequence, int life) {
            return new Append(sequence, life, sequence, sequence);
        }

        int type() {
            return life;
        }

        /** Other bytes for every record and life. */
        ByteBuffer payload() {
            int[] sizes = groupLast > groupFirst ? SIZES_IN_GROUP : SIZES;
            byte[] bytes = new byte[sizes[(int) (sequence % sizes.length)]];
            new Random(sequence * 1_000 + life).nextBytes(bytes);
            return ByteBuffer.wrap(bytes);
        }
    }

    record Checkpoint(long sequence) implements Step {
        byte[] content() {
            byte[] bytes = new byte[1_500];
            new Random(sequence).nextBytes(bytes);
            return bytes;
        }
    }

    /** Deletes what checkpoints up to here cover. */
    record Trim(long sequence) implements Step {}
}
