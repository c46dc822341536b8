package io.veloz.wal.testkit;

import java.nio.ByteBuffer;
import java.util.Random;

/** A step of a workload, whose effect is later checked. */
sealed interface Step {
    /**
     * A record.
     *
     * @param life the number of the open in which it was appended: after a crash the sequences of lost records
     *     are reused
     * @param groupFirst the first sequence of its atomic group; its own sequence for a single record
     * @param groupLast the last sequence of its atomic group
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

        /** Returns bytes that differ for every record and life. */
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

    /** A trim of records that checkpoints up to this sequence cover. */
    record Trim(long sequence) implements Step {}
}
