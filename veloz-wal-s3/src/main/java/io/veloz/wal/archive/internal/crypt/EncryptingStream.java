package io.veloz.wal.archive.internal.crypt;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Encrypts a stream, two chunks in memory. Confined to one thread. */
public final class EncryptingStream extends InputStream {
    private final InputStream source;
    private final DataKey key;
    private final byte[] head;
    private final ChunkCheck check;
    private byte[] chunk = new byte[0];
    private long number;
    private byte[] ready = new byte[0];
    private int position;
    private boolean started;
    private boolean ended;

    /**
     * Sees each chunk before any byte of it is returned. If the same data key encrypts again, it must refuse other chunks: two
     * contents under one key and nonce would reveal both.
     */
    @FunctionalInterface
    public interface ChunkCheck {
        /**
         * Checks a chunk.
         *
         * @param tag of the encrypted chunk, equal only if key, number and content are
         */
        void check(long number, byte[] tag) throws IOException;
    }

    public EncryptingStream(InputStream source, DataKey key, byte[] head, ChunkCheck check) {
        this.source = source;
        this.key = key;
        this.head = head;
        this.check = check;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (position == ready.length && !next()) {
            return -1;
        }
        int count = Math.min(length, ready.length - position);
        System.arraycopy(ready, position, target, from, count);
        position += count;
        return count;
    }

    private boolean next() throws IOException {
        if (ended) {
            return false;
        }
        if (!started) {
            chunk = source.readNBytes(DataKey.CHUNK_BYTES);
            started = true;
        }
        // The chunk after it shows whether this one is the last.
        byte[] following = chunk.length < DataKey.CHUNK_BYTES ? new byte[0] : source.readNBytes(DataKey.CHUNK_BYTES);
        ended = following.length == 0;
        ready = key.encrypt(chunk, chunk.length, number, ended, head);
        check.check(number, Arrays.copyOfRange(ready, ready.length - DataKey.TAG_BYTES, ready.length));
        position = 0;
        number++;
        chunk = following;
        return true;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
