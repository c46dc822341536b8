package io.veloz.wal.archive.internal.crypt;

import java.io.IOException;
import java.io.InputStream;

/**
 * Decrypts a stream, one chunk in memory. Returns only bytes whose chunk was authenticated. Fails if the stream ends early;
 * reads nothing after its length. Confined to one thread.
 */
public final class DecryptingStream extends InputStream {
    private final InputStream source;
    private final DataKey key;
    private final byte[] head;
    private final byte[] encrypted;
    private long left;
    private long number;
    private byte[] plain = new byte[0];
    private int position;

    /**
     * Creates a stream of content in the clear.
     *
     * @param encryptedBytes the length of the encrypted content
     */
    public DecryptingStream(InputStream source, long encryptedBytes, DataKey key, byte[] head) {
        this.source = source;
        this.key = key;
        this.head = head;
        this.left = encryptedBytes;
        this.encrypted = new byte[(int) Math.min(encryptedBytes, DataKey.CHUNK_BYTES + DataKey.TAG_BYTES)];
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
        if (position == plain.length && !next()) {
            return -1;
        }
        int count = Math.min(length, plain.length - position);
        System.arraycopy(plain, position, target, from, count);
        position += count;
        return count;
    }

    private boolean next() throws IOException {
        if (left == 0) {
            return false;
        }
        int length = (int) Math.min(left, encrypted.length);
        int got = source.readNBytes(encrypted, 0, length);
        if (got < length || length <= DataKey.TAG_BYTES) {
            throw new IOException("the encrypted content ends in chunk " + number);
        }
        left -= length;
        plain = key.decrypt(encrypted, 0, length, number, left == 0, head);
        position = 0;
        number++;
        return true;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
