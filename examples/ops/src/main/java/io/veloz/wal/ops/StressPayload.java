package io.veloz.wal.ops;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Generates the records of the stress test: 8 bytes with a name, followed by bytes generated from the seed and the name. So
 * the expected content of every record can be computed from the seed. Not thread-safe.
 *
 * <p>The generator is SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
 */
final class StressPayload {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private final long seed;
    private final ByteBuffer bytes;
    private final CRC32C crc = new CRC32C();

    StressPayload(long seed, int size) {
        this.seed = seed;
        this.bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns the bytes of a record. Valid until the next call. */
    ByteBuffer fill(long name) {
        bytes.clear();
        put(name);
        long state = seed ^ mix(name);
        while (bytes.hasRemaining()) {
            state += GOLDEN_GAMMA;
            put(mix(state));
        }
        return bytes.flip();
    }

    private void put(long word) {
        long rest = word;
        for (int i = 0; i < Long.BYTES && bytes.hasRemaining(); i++) {
            bytes.put((byte) rest);
            rest >>>= 8;
        }
    }

    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }

    /** Returns the CRC32C of the bytes of the last call. */
    int checksum() {
        crc.reset();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }
}
