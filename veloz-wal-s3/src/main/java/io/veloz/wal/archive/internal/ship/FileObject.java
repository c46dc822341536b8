package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.EncryptingStream;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.format.ObjectHead;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file of the log, or a range of one, as the content of an object. It is compressed and encrypted while it is read, and never in memory as a
 * whole. The first read determines length and digests. Every later read returns the same bytes or fails. Thread-safe.
 *
 * <p>An encrypted object returns only chunks that equal those of the first read, so that the data key encrypts nothing else:
 * if the file was replaced meanwhile, not a byte of it is returned.
 */
final class FileObject implements ObjectContent {
    private static final int CHUNK_BYTES = 256 * 1024;

    private final Range range;
    private final String objectKey;
    private final RateLimiter limiter;
    private final @Nullable DataKey key;
    private final byte[] head;

    /** The tags of the encrypted chunks, by which a later read is compared with the first one. */
    private final List<byte[]> tags = new ArrayList<>();

    private long length;
    private long frameBytes;
    private String sha256 = Digest.NONE;
    private long fileBytes;
    private String fileSha256 = Digest.NONE;
    private boolean isKnown;
    private volatile boolean replaced;

    /** A range of a file, up to {@code end} or to the end of the file. */
    record Range(LogFiles files, String file, long from, long end) {
        static Range whole(LogFiles files, String file) {
            return new Range(files, file, 0, Long.MAX_VALUE);
        }

        InputStream open() throws IOException {
            if (from == 0 && end == Long.MAX_VALUE) {
                return files.open(file);
            }
            StorageFile opened = files.storage().openForReading(file);
            try {
                // A file that became shorter ends early. Then the digest of a later read shows that it was replaced.
                return StorageInputStream.of(opened, describe(), from, Math.min(end, opened.size()));
            } catch (IOException e) {
                opened.close();
                throw e;
            }
        }

        String describe() {
            return files.storage().describe() + "/" + file;
        }
    }

    private FileObject(Range range, String objectKey, RateLimiter limiter, @Nullable DataKey key, byte[] head) {
        this.range = range;
        this.objectKey = objectKey;
        this.limiter = limiter;
        this.key = key;
        this.head = head;
    }

    /** Receives the bytes of a file while it is read. */
    @FunctionalInterface
    interface Bytes {
        Bytes IGNORED = (bytes, count) -> {};

        void read(byte[] bytes, int count);
    }

    /**
     * Reads the range once, to determine length and digests.
     *
     * @param seen receives its bytes
     * @param objectKey the key of the object
     * @param key encrypts this object and nothing else; null to encrypt nothing
     */
    static FileObject read(Range range, Bytes seen, RateLimiter limiter, String objectKey, @Nullable DataKey key)
            throws IOException {
        byte[] head = key == null ? new byte[0] : ObjectHead.encode(objectKey, key.encryption());
        FileObject object = new FileObject(range, objectKey, RateLimiter.UNLIMITED, key, head);
        MessageDigest digest = Digest.sha256();
        byte[] buffer = new byte[CHUNK_BYTES];
        try (Compressed compressed = object.new Compressed(seen);
                InputStream in = object.stored(compressed)) {
            for (int count = in.read(buffer, 0, buffer.length); count >= 0; count = in.read(buffer, 0, buffer.length)) {
                digest.update(buffer, 0, count);
                object.length += count;
            }
            object.frameBytes = compressed.returned;
            object.fileBytes = compressed.fileBytes;
            object.fileSha256 = compressed.fileDigest.hex();
        }
        object.sha256 = Digest.hex(digest);
        FileObject known = new FileObject(range, objectKey, limiter, key, head);
        known.tags.addAll(object.tags);
        known.frameBytes = object.frameBytes;
        known.length = object.length;
        known.sha256 = object.sha256;
        known.fileBytes = object.fileBytes;
        known.fileSha256 = object.fileSha256;
        known.isKnown = true;
        return known;
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
        return stored(new Compressed(Bytes.IGNORED));
    }

    /** Returns the bytes of the object. */
    private InputStream stored(Compressed compressed) {
        if (key == null) {
            return compressed;
        }
        InputStream encrypted = new EncryptingStream(compressed, key, head, this::check);
        return new SequenceInputStream(new ByteArrayInputStream(head), encrypted);
    }

    private void check(long number, byte[] tag) throws IOException {
        if (!isKnown) {
            tags.add(tag);
        } else if (number >= tags.size() || !Arrays.equals(tags.get((int) number), tag)) {
            throw changed();
        }
    }

    /** Returns whether the file was replaced, so that every further read fails. */
    boolean wasReplaced() {
        return replaced;
    }

    private IOException changed() {
        replaced = true;
        return new IOException(range.describe() + " was replaced while it was uploaded");
    }

    long fileBytes() {
        return fileBytes;
    }

    String fileSha256() {
        return fileSha256;
    }

    /** Returns how the object is encrypted; null if it is not. */
    @Nullable
    Encryption encryption() {
        return key == null ? null : key.encryption();
    }

    String key() {
        return objectKey;
    }

    /** Returns what a slot states of the object when it is stored. */
    StoredFrame frame() {
        return new StoredFrame(objectKey, length, sha256, fileBytes, encryption());
    }

    private final class Compressed extends InputStream {
        private final InputStream in = range.open();
        private final byte[] chunk = new byte[CHUNK_BYTES];
        private final ByteArrayOutputStream frames = new ByteArrayOutputStream(CHUNK_BYTES);
        private final OutputStream compressor = Lz4Frames.compress(frames, true);
        private final ContentDigest fileDigest = key == null ? ContentDigest.plain() : key.digest();
        private final Bytes seen;
        private long fileBytes;
        private long returned;
        private byte[] ready = new byte[0];
        private int position;
        private boolean ended;

        Compressed(Bytes seen) throws IOException {
            this.seen = seen;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int from, int wanted) throws IOException {
            while (position == ready.length) {
                if (ended) {
                    return -1;
                }
                fill();
            }
            int count = Math.min(wanted, ready.length - position);
            returned += count;
            if (isKnown && returned >= frameBytes && !ended) {
                throw changed();
            }
            System.arraycopy(ready, position, target, from, count);
            position += count;
            limiter.acquire(count);
            return count;
        }

        private void fill() throws IOException {
            int count = in.read(chunk, 0, chunk.length);
            if (count < 0) {
                ended = true;
                compressor.close();
                // Order matters: checked before the last bytes are returned.
                // The file may have been replaced by one of equal length.
                if (isKnown && !fileDigest.hex().equals(fileSha256)) {
                    throw changed();
                }
            } else {
                fileDigest.update(chunk, 0, count);
                seen.read(chunk, count);
                fileBytes += count;
                compressor.write(chunk, 0, count);
            }
            ready = frames.toByteArray();
            frames.reset();
            position = 0;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
