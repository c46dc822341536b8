package io.veloz.wal.archive.internal.read;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;

/**
 * The bytes of an object as they are stored, fetched in ranges, of which one is in memory. An object that is not longer than a
 * range is fetched whole, and its digest is checked. Confined to one thread.
 */
final class StoredBytes extends InputStream {
    private final Source source;
    private final StoredFile object;
    private final Runnable afterLast;
    private boolean ahead;
    private byte[] range = new byte[0];
    private long rangeStart;
    private long position;
    private boolean failed;

    /** Where objects are fetched from. */
    record Source(ObjectStore store, Retries retries, Fetcher fetcher, int rangeBytes) {
        /** Fetches the first range of an object before it is needed. */
        void ahead(StoredFile object) {
            ahead(object, 0);
        }

        private void ahead(StoredFile object, long from) {
            fetcher.ahead(id(object, from), length(object, from), () -> request(object, from));
        }

        byte[] fetch(StoredFile object, long from) throws IOException {
            return fetcher.fetch(id(object, from), () -> request(object, from));
        }

        private static String id(StoredFile object, long from) {
            return object.key() + "@" + from;
        }

        private int length(StoredFile object, long from) {
            return (int) Math.min(rangeBytes, object.objectBytes() - from);
        }

        private byte[] request(StoredFile object, long from) throws IOException {
            int length = length(object, from);
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
                    return bytes;
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
    StoredBytes(Source source, StoredFile object, boolean ahead, Runnable afterLast) {
        this.source = source;
        this.object = object;
        this.ahead = ahead;
        this.afterLast = afterLast;
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
    public int read(byte[] target, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (position >= object.objectBytes()) {
            return -1;
        }
        if (position < rangeStart || position >= rangeStart + range.length) {
            load(position - position % source.rangeBytes());
        }
        int at = (int) (position - rangeStart);
        int count = Math.min(length, range.length - at);
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
        if (ahead && next < object.objectBytes()) {
            source.ahead(object, next);
        } else if (ahead) {
            afterLast.run();
        }
    }
}
