package io.veloz.wal.archive.internal.index;

import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of an index object. Each can be read and checked alone: it has a checksum over the binding of the index, its number and
 * its entries, or it is encrypted with them. Confined to one thread.
 *
 * <p>All blocks but the last one are full. An index without entries is one block without entries.
 */
public final class IndexBlocks {
    /** The length of an entry: 8 bytes of hash, 4 bytes of record. */
    static final int ENTRY_BYTES = 12;

    private static final int PLAIN_ENTRIES = 340;
    private static final int ENCRYPTED_ENTRIES = 336;
    private static final int CHECK_BYTES = 16;
    private static final int WRAPPED_BYTES = 40;

    private final IndexRange range;
    private final byte[] binding;
    private @Nullable DataKey key;
    private byte[] keyWrapped = new byte[0];

    public IndexBlocks(IndexRange range) {
        this.range = range;
        this.binding = range.bindingBytes();
    }

    private boolean isEncrypted() {
        return range.keyId() != null;
    }

    /** Returns the number of entries in a full block. */
    public int entries() {
        return isEncrypted() ? ENCRYPTED_ENTRIES : PLAIN_ENTRIES;
    }

    /** Returns the length of a full block. */
    public int bytes() {
        return overhead() + entries() * ENTRY_BYTES;
    }

    private int overhead() {
        return isEncrypted() ? WRAPPED_BYTES + CHECK_BYTES : CHECK_BYTES;
    }

    /** Returns the number of blocks of an index. */
    long count(long entries) {
        return Math.max(1, (entries + entries() - 1) / entries());
    }

    /** Returns the length of the object. */
    long objectBytes(long entries) {
        return count(entries) * overhead() + entries * ENTRY_BYTES;
    }

    /** Returns the number of entries in an object of that length; -1 if no index has that length. */
    public long entriesIn(long objectBytes) {
        long blocks = Math.max(1, (objectBytes + bytes() - 1) / bytes());
        long content = objectBytes - blocks * overhead();
        return content >= 0 && content % ENTRY_BYTES == 0 && count(content / ENTRY_BYTES) == blocks
                ? content / ENTRY_BYTES
                : -1;
    }

    /** Encodes a block. The data key must encrypt no other index. */
    byte[] encode(long number, boolean isLast, byte[] entries, int length, @Nullable DataKey dataKey) {
        if (dataKey == null) {
            ByteBuffer block = ByteBuffer.allocate(length + CHECK_BYTES);
            return block.put(entries, 0, length)
                    .put(check(number, isLast, entries, 0, length))
                    .array();
        }
        byte[] wrapped = Base64.getDecoder().decode(dataKey.encryption().wrapped());
        byte[] encrypted = dataKey.encrypt(entries, length, number, isLast, binding);
        return ByteBuffer.allocate(WRAPPED_BYTES + encrypted.length)
                .put(wrapped)
                .put(encrypted)
                .array();
    }

    private byte[] check(long number, boolean isLast, byte[] bytes, int from, int length) {
        MessageDigest digest = Digest.sha256();
        digest.update(binding);
        digest.update(ByteBuffer.allocate(Long.BYTES + 1)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(number)
                .put((byte) (isLast ? 1 : 0))
                .flip());
        digest.update(bytes, from, length);
        return Arrays.copyOf(digest.digest(), CHECK_BYTES);
    }

    /**
     * Returns the entries of a block.
     *
     * @param bytes contains the block from a position on
     * @param where the object, for messages
     * @throws BadObjectException if it is not that block of this index
     */
    public ByteBuffer decode(
            long number, boolean isLast, byte[] bytes, int from, int length, DataKeys keys, String where)
            throws IOException {
        byte[] entries = isEncrypted()
                ? decrypted(number, isLast, bytes, from, length, keys, where)
                : Arrays.copyOfRange(bytes, from, from + length - CHECK_BYTES);
        if (!isEncrypted()) {
            byte[] expected = check(number, isLast, entries, 0, entries.length);
            if (!Arrays.equals(expected, 0, CHECK_BYTES, bytes, from + length - CHECK_BYTES, from + length)) {
                throw new BadObjectException(where + ": checksum mismatch in block " + number);
            }
        }
        return ByteBuffer.wrap(entries).order(ByteOrder.LITTLE_ENDIAN);
    }

    private byte[] decrypted(
            long number, boolean isLast, byte[] bytes, int from, int length, DataKeys keys, String where)
            throws IOException {
        byte[] wrapped = Arrays.copyOfRange(bytes, from, from + WRAPPED_BYTES);
        @Nullable DataKey known = Arrays.equals(wrapped, keyWrapped) ? key : null;
        DataKey dataKey = known == null ? unwrapped(wrapped, keys, where) : known;
        try {
            return dataKey.decrypt(bytes, from + WRAPPED_BYTES, length - WRAPPED_BYTES, number, isLast, binding);
        } catch (IOException e) {
            throw new BadObjectException(where + ": block " + number + ": " + e.getMessage(), e);
        }
    }

    private DataKey unwrapped(byte[] wrapped, DataKeys keys, String where) throws IOException {
        String text = Base64.getEncoder().encodeToString(wrapped);
        DataKey opened = keys.open(new Encryption(String.valueOf(range.keyId()), text), where);
        key = opened;
        keyWrapped = wrapped;
        return opened;
    }
}
