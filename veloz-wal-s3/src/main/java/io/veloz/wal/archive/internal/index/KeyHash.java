package io.veloz.wal.archive.internal.index;

import java.util.HexFormat;

/**
 * The hash of a key: SipHash-2-4 (Aumasson, Bernstein, 2012) under the id of the log. Immutable.
 *
 * <p>Hashes are spread evenly, whatever ids the clients choose: the position of a hash in an index is computed from its value.
 */
public final class KeyHash {
    private static final int WORD = Long.BYTES;

    private final long low;
    private final long high;

    /** @param logId 32 hex digits */
    public KeyHash(String logId) {
        byte[] id = HexFormat.of().parseHex(logId);
        this.low = word(id, 0, WORD);
        this.high = word(id, WORD, WORD);
    }

    /** Returns the hash of a key. Hashes are ordered as unsigned numbers. */
    public long of(byte[] key) {
        State state = new State(low, high);
        int whole = key.length - key.length % WORD;
        for (int at = 0; at < whole; at += WORD) {
            state.add(word(key, at, WORD));
        }
        state.add(word(key, whole, key.length - whole) | (long) key.length << 56);
        return state.end();
    }

    private static long word(byte[] bytes, int from, int length) {
        long word = 0;
        for (int i = 0; i < length; i++) {
            word |= (bytes[from + i] & 0xFFL) << (8 * i);
        }
        return word;
    }

    private static final class State {
        private long v0;
        private long v1;
        private long v2;
        private long v3;

        State(long k0, long k1) {
            v0 = 0x736f6d6570736575L ^ k0;
            v1 = 0x646f72616e646f6dL ^ k1;
            v2 = 0x6c7967656e657261L ^ k0;
            v3 = 0x7465646279746573L ^ k1;
        }

        void add(long word) {
            v3 ^= word;
            round();
            round();
            v0 ^= word;
        }

        long end() {
            v2 ^= 0xFF;
            for (int i = 0; i < 4; i++) {
                round();
            }
            return v0 ^ v1 ^ v2 ^ v3;
        }

        private void round() {
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
        }
    }
}
