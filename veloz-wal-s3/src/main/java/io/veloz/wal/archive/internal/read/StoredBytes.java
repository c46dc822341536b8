package io.veloz.wal.archive.internal.read;

import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.ObjectHead;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * The bytes of the frame in an object, fetched in ranges, of which one is in memory. An object that is not longer than a range
 * is fetched whole, and its digest is checked. Of an encrypted object the chunks of a range are decrypted, and positions are
 * those of the frame in the clear. Confined to one thread.
 */
final class StoredBytes extends InputStream {
    private final Source source;
    private final StoredFrame object;
    private final long length;
    private final Runnable afterLast;
    private boolean ahead;
    private byte[] range = new byte[0];
    private long rangeStart;
    private long position;
    private boolean failed;

    /** Where objects are fetched from. */
    record Source(ObjectStore store, Retries retries, Fetcher fetcher, int rangeBytes) {
        /** Fetches the first range of an object before it is needed. */
        void ahead(StoredFrame object) {
            ahead(object, 0);
        }

        private void ahead(StoredFrame object, long from) {
            int length = (int) Math.min(rangeBytes, frameBytes(object) - from);
            fetcher.ahead(id(object, from), length, () -> frame(object, from));
        }

        byte[] fetch(StoredFrame object, long from) throws IOException {
            return fetcher.fetch(id(object, from), () -> frame(object, from));
        }

        private static String id(StoredFrame object, long from) {
            return object.key() + "@" + from;
        }

        /** Returns the bytes of the frame from a position on, up to the length of a range. */
        private byte[] frame(StoredFrame object, long from) throws IOException {
            Encryption encryption = object.encryption();
            long end = Math.min(frameBytes(object), from + rangeBytes);
            return encryption == null
                    ? request(object, from, (int) (end - from), bytes -> bytes)
                    : decrypted(object, encryption, from, end);
        }

        private byte[] decrypted(StoredFrame object, Encryption encryption, long from, long end) throws IOException {
            String where = store.describe() + "/" + object.key();
            DataKey key = new DataKeys(store.encryptionKeys()).open(encryption, where);
            byte[] head = ObjectHead.encode(object.key(), encryption);
            long total = frameBytes(object);
            long first = from / DataKey.CHUNK_BYTES;
            long last = (end - 1) / DataKey.CHUNK_BYTES;
            int encryptedChunk = DataKey.CHUNK_BYTES + DataKey.TAG_BYTES;
            boolean toTheEnd = (last + 1) * DataKey.CHUNK_BYTES >= total;
            long start = first == 0 && toTheEnd ? 0 : head.length + first * encryptedChunk;
            long stop = toTheEnd ? object.objectBytes() : head.length + (last + 1) * encryptedChunk;
            // Decrypted by the request: what was damaged in transit is fetched again.
            return request(object, start, (int) (stop - start), bytes -> {
                int at = start == 0 ? head.length : 0;
                ByteArrayOutputStream clear = new ByteArrayOutputStream((int) (end - from) + DataKey.CHUNK_BYTES);
                for (long chunk = first; chunk <= last; chunk++) {
                    int length = Math.min(encryptedChunk, bytes.length - at);
                    boolean isLast = (chunk + 1) * DataKey.CHUNK_BYTES >= total;
                    try {
                        clear.writeBytes(key.decrypt(bytes, at, length, chunk, isLast, head));
                    } catch (IOException e) {
                        throw new BadObjectException(where + ": " + e.getMessage(), e);
                    }
                    at += length;
                }
                int skipped = (int) (from - first * DataKey.CHUNK_BYTES);
                return Arrays.copyOfRange(clear.toByteArray(), skipped, skipped + (int) (end - from));
            });
        }

        /** Decodes what was fetched. */
        @FunctionalInterface
        private interface Decoding {
            byte[] decode(byte[] bytes) throws IOException;
        }

        private byte[] request(StoredFrame object, long from, int length, Decoding decoding) throws IOException {
            boolean whole = length == object.objectBytes();
            boolean last = from + length == object.objectBytes();
            String where = store.describe() + "/" + object.key();
            return retries.call(() -> {
                // One byte more at the end shows whether the object is longer.
                try (InputStream in =
                        whole ? store.get(object.key()) : store.get(object.key(), from, length + (last ? 1 : 0))) {
                    byte[] bytes = in.readNBytes(length + (last ? 1 : 0));
                    if (bytes.length != length) {
                        throw new BadObjectException(where + ": "
                                + (bytes.length < length
                                        ? "the object ends at " + (from + bytes.length)
                                        : "the object is longer")
                                + "; expected " + object.objectBytes() + " bytes");
                    }
                    if (whole && !Digest.of(bytes).equals(object.objectSha256())) {
                        throw new BadObjectException("SHA-256 mismatch in " + where + ": expected "
                                + object.objectSha256() + ", got " + Digest.of(bytes));
                    }
                    return decoding.decode(bytes);
                } catch (NoSuchObjectException e) {
                    throw new BadObjectException(where + ": the object is missing", e);
                }
            });
        }
    }

    /**
     * @param ahead whether ranges are fetched ahead from the first one on; otherwise from the second one on
     * @param afterLast fetches ahead what follows the object
     */
    StoredBytes(Source source, StoredFrame object, boolean ahead, Runnable afterLast) {
        this.source = source;
        this.object = object;
        this.length = frameBytes(object);
        this.ahead = ahead;
        this.afterLast = afterLast;
    }

    /** Returns the length of the frame, without head and tags of an encrypted object. */
    private static long frameBytes(StoredFrame object) {
        Encryption encryption = object.encryption();
        return encryption == null
                ? object.objectBytes()
                : Math.max(
                        0,
                        DataKey.plainBytes(object.objectBytes() - ObjectHead.encode(object.key(), encryption).length));
    }

    /** Returns the length of the frame. */
    long length() {
        return length;
    }

    long position() {
        return position;
    }

    void seek(long to) {
        position = to;
    }

    /** Returns whether the last read failed because of a request, so that what was read is no evidence of damage. */
    boolean hasFailed() {
        return failed;
    }

    /** Discards the range in memory, which may have been damaged in transit. */
    void discard() {
        range = new byte[0];
    }

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
        if (position >= length) {
            return -1;
        }
        if (position < rangeStart || position >= rangeStart + range.length) {
            load(position - position % source.rangeBytes());
        }
        int at = (int) (position - rangeStart);
        int count = Math.min(wanted, range.length - at);
        System.arraycopy(range, at, target, from, count);
        position += count;
        return count;
    }

    private void load(long start) throws IOException {
        discard();
        long next = start + source.rangeBytes();
        ahead |= start > 0;
        failed = true;
        range = source.fetch(object, start);
        failed = false;
        rangeStart = start;
        if (ahead && next < length) {
            source.ahead(object, next);
        } else if (ahead) {
            afterLast.run();
        }
    }
}
