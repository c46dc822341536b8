package io.veloz.wal.internal.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class ChecksumTest {
    private static final long SEED = 20261129;

    @Test
    void numbersCountAsTheirBytesInLittleEndianOrder() {
        ByteBuffer bytes = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(0x0102030405060708L)
                .putLong(-2)
                .putInt(0x7f010203)
                .putInt(-1)
                .flip();

        int sum = new Checksum()
                .start(0x0102030405060708L, -2)
                .add(0x7f010203)
                .add(-1)
                .value();

        assertThat(sum).isEqualTo(crcOf(bytes));
    }

    @Test
    void anyMixtureOfNumbersAndRangesEqualsTheChecksumOfAllTheirBytes() {
        SplittableRandom random = new SplittableRandom(SEED);
        Checksum checksum = new Checksum();
        for (int round = 0; round < 2_000; round++) {
            ByteBuffer expected = ByteBuffer.allocate(8 * 1024).order(ByteOrder.LITTLE_ENDIAN);
            if (random.nextBoolean()) {
                long first = random.nextLong();
                long second = random.nextLong();
                checksum.start(first, second);
                expected.putLong(first).putLong(second);
            } else {
                checksum.start();
            }
            int parts = random.nextInt(8);
            for (int part = 0; part < parts; part++) {
                if (random.nextBoolean()) {
                    addNumbers(random, checksum, expected);
                } else {
                    addRange(random, checksum, expected);
                }
            }

            assertThat(checksum.value()).as("seed %d, round %d", SEED, round).isEqualTo(crcOf(expected.flip()));
        }
    }

    /** More numbers than are collected before they are added. */
    private static void addNumbers(SplittableRandom random, Checksum checksum, ByteBuffer expected) {
        int numbers = random.nextInt(200);
        for (int i = 0; i < numbers; i++) {
            int number = random.nextInt();
            checksum.add(number);
            expected.putInt(number);
        }
    }

    private static void addRange(SplittableRandom random, Checksum checksum, ByteBuffer expected) {
        int length = random.nextInt(300);
        int from = random.nextInt(50);
        byte[] bytes = new byte[from + length + 7];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) random.nextInt();
        }
        checksum.add(kindOfBuffer(random.nextInt(4), bytes), from, length);
        expected.put(bytes, from, length);
    }

    private static ByteBuffer kindOfBuffer(int kind, byte[] bytes) {
        return switch (kind) {
            case 0 -> ByteBuffer.wrap(bytes);
            case 1 -> ByteBuffer.wrap(bytes).asReadOnlyBuffer();
            case 2 -> ByteBuffer.allocateDirect(bytes.length).put(bytes).clear();
            default ->
                ByteBuffer.allocate(bytes.length + 5)
                        .position(5)
                        .slice()
                        .put(bytes)
                        .clear();
        };
    }

    @Test
    void aRangeLeavesPositionAndLimitOfTheBufferAsTheyWere() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(64).position(3).limit(20);

        new Checksum().start().add(buffer, 30, 10).value();

        assertThat(buffer.position()).isEqualTo(3);
        assertThat(buffer.limit()).isEqualTo(20);
    }

    @Test
    void theValueCanBeReadWhileTheChecksumContinues() {
        Checksum checksum = new Checksum().start().add(1);
        int one = checksum.value();
        int two = checksum.add(2).value();

        assertThat(one).isEqualTo(new Checksum().start().add(1).value());
        assertThat(two).isEqualTo(new Checksum().start().add(1).add(2).value());
    }

    private static int crcOf(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
