package io.veloz.wal.archive.internal.index;

import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.store.ObjectContent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An index as the content of an object: encoded while it is read, one block in memory. Every read returns the same bytes or fails:
 * a block of an encrypted index that differs from the one before is not returned, as one data key and number must not encrypt two
 * contents. Thread-safe if the entries are.
 */
public final class IndexContent implements ObjectContent {
    private static final int BUFFER_BYTES = 64 * 1024;

    private final IndexRange range;
    private final IndexEntries entries;
    private final @Nullable DataKey key;
    private final long length;
    private final String sha256;

    /** One digest of each block, by which later reads are compared with the first one; empty if nothing is encrypted. */
    private final byte[][] digests;

    /**
     * Encodes an index once, to determine its digest.
     *
     * @param key encrypts this index and nothing else; null to encrypt nothing
     */
    public static IndexContent of(IndexRange range, IndexEntries entries, @Nullable DataKey key) throws IOException {
        return new IndexContent(range, entries, key);
    }

    private IndexContent(IndexRange range, IndexEntries entries, @Nullable DataKey key) throws IOException {
        IndexBlocks blocks = new IndexBlocks(range);
        this.range = range;
        this.entries = entries;
        this.key = key;
        this.length = blocks.objectBytes(entries.count());
        this.digests = new byte[key == null ? 0 : Math.toIntExact(blocks.count(entries.count()))][];
        MessageDigest digest = Digest.sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = new Encoded()) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                digest.update(buffer, 0, count);
            }
        }
        this.sha256 = Digest.hex(digest);
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public String sha256() {
        return sha256;
    }

    @Override
    public InputStream open() throws IOException {
        return new Encoded();
    }

    private final class Encoded extends InputStream {
        private final IndexBlocks blocks = new IndexBlocks(range);
        private final IndexEntries.Cursor cursor = entries.open();
        private final long count = blocks.count(entries.count());
        private final byte[] content = new byte[blocks.entries() * IndexBlocks.ENTRY_BYTES];
        private long number;
        private byte[] block = new byte[0];
        private int position;

        Encoded() throws IOException {}

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int from, int wanted) throws IOException {
            if (wanted == 0) {
                return 0;
            }
            if (position == block.length) {
                if (number == count) {
                    return -1;
                }
                encodeNext();
            }
            int copied = Math.min(wanted, block.length - position);
            System.arraycopy(block, position, target, from, copied);
            position += copied;
            return copied;
        }

        private void encodeNext() throws IOException {
            ByteBuffer buffer = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
            boolean isLast = number == count - 1;
            long left = entries.count() - number * blocks.entries();
            for (long i = Math.min(left, blocks.entries()); i > 0; i--) {
                if (!cursor.next()) {
                    throw new IOException("the entries of " + range.key() + " end early");
                }
                buffer.putLong(cursor.hash()).putInt((int) (cursor.sequence() - range.firstSequence()));
            }
            if (isLast && cursor.next()) {
                throw new IOException("the entries of " + range.key() + " are more than " + entries.count());
            }
            if (key != null) {
                compare(buffer.position());
            }
            block = blocks.encode(number, isLast, content, buffer.position(), key);
            position = 0;
            number++;
        }

        private void compare(int bytes) throws IOException {
            MessageDigest digest = Digest.sha256();
            digest.update(content, 0, bytes);
            byte[] now = digest.digest();
            int at = (int) number;
            if (digests[at] == null) {
                digests[at] = now;
            } else if (!Arrays.equals(digests[at], now)) {
                throw new IOException("the entries of " + range.key() + " have changed while they were read");
            }
        }

        @Override
        public void close() throws IOException {
            cursor.close();
        }
    }
}
