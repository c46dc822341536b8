package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.DecryptingStream;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.format.ObjectHead;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.storage.StorageFile;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Reads compressed files from the store, and verifies their sizes and digests. Thread-safe. */
public final class ObjectFiles {
    private static final int CHUNK_BYTES = 4 * 1024;

    private final ObjectStore store;
    private final DataKeys keys;
    private final Retries retries;
    private final RateLimiter limiter;
    private final AtomicLong fetched = new AtomicLong();

    /** How large objects are fetched; null if each is one request. */
    private volatile @Nullable Ranges ranges;

    /** @param lanes the number of ranges of an object that are fetched at the same time */
    record Ranges(ExecutorService threads, int lanes) {}

    /** Receives the content of a file. */
    public interface Sink {
        /** Called before the first byte. A retry calls it again, and discards what was written before. */
        void restart() throws IOException;

        void write(byte[] bytes, int length) throws IOException;
    }

    /** Discards the content, for verification only. */
    public static final Sink NOWHERE = new Sink() {
        @Override
        public void restart() {}

        @Override
        public void write(byte[] bytes, int length) {}
    };

    /** A request for a part of an object has failed too often. A retry of the object would only repeat that. */
    static final class RetriedException extends StoreException {
        private static final long serialVersionUID = 1;

        RetriedException(IOException cause) {
            super(String.valueOf(cause.getMessage()), cause);
        }
    }

    /** The sink failed. A retry of the request cannot help. */
    static final class SinkException extends StoreException {
        private static final long serialVersionUID = 1;

        SinkException(IOException cause) {
            super(String.valueOf(cause.getMessage()), cause);
        }
    }

    public ObjectFiles(ObjectStore store, Retries retries, long bytesPerSecond) {
        this.store = store;
        this.keys = new DataKeys(store.encryptionKeys());
        this.retries = retries;
        this.limiter = new RateLimiter(bytesPerSecond);
    }

    /** Returns the keys of the content of objects. */
    public DataKeys keys() {
        return keys;
    }

    /** Returns the digest of a local file that the slot states if it is the file in an object of this length. */
    public String fileDigest(StorageFile file, StoredFile expected) throws IOException {
        ContentDigest digest = keys.digest(expected.encryption(), where(expected));
        return FileDigest.of(file, 0, expected.fileBytes(), digest);
    }

    /** Returns the number of bytes that were read from the store. */
    public long fetched() {
        return fetched.get();
    }

    /** Fetches large objects in ranges from now on; with null, each in one request. */
    void fetchInRanges(@Nullable Ranges value) {
        ranges = value;
    }

    Retries retries() {
        return retries;
    }

    void count(long bytes) throws IOException {
        fetched.addAndGet(bytes);
        limiter.acquire(bytes);
    }

    /**
     * Reads an object. When this method returns, the sink has received exactly the expected file.
     *
     * @throws BadObjectException if the object is damaged or missing
     * @throws io.veloz.wal.archive.internal.crypt.MissingKeyException if it is encrypted, and the key is not configured
     */
    public void read(StoredFile expected, Sink sink) throws IOException {
        read(expected, sink, true);
    }

    /**
     * Does the same, and compares only the file with its digest: that the object has other bytes which give the same file is
     * reported by a verification only. A file of a log needs no other digest, and this one is half of the cost.
     */
    public void fetch(StoredFile expected, Sink sink) throws IOException {
        read(expected, sink, false);
    }

    private void read(StoredFile expected, Sink sink, boolean checksObject) throws IOException {
        retries.call(() -> {
            try (InputStream object = open(expected)) {
                copy(expected, object, sink, checksObject);
                return true;
            } catch (NoSuchObjectException e) {
                throw new BadObjectException(where(expected) + ": the object is missing", e);
            }
        });
    }

    private InputStream open(StoredFile expected) throws IOException {
        @Nullable Ranges current = ranges;
        if (current == null || expected.objectBytes() <= 2L * RangedObject.RANGE_BYTES) {
            return new ResumedObject(store, expected.key(), this::sendAgain);
        }
        return new RangedObject(
                store,
                expected.key(),
                expected.objectBytes(),
                current.threads,
                current.lanes,
                ranged -> sendAgain(ranged::get));
    }

    /** Repeats a request for a part of an object. If that does not help, the object is not requested again. */
    private <T> T sendAgain(Retries.Request<T> request) throws IOException {
        try {
            return retries.call(request);
        } catch (IOException e) {
            boolean mayRetry = e instanceof StoreUnavailableException || !(e instanceof StoreException);
            throw mayRetry ? new RetriedException(e) : e;
        }
    }

    private void copy(StoredFile expected, InputStream object, Sink sink, boolean checksObject) throws IOException {
        Counted counted = new Counted(object, checksObject);
        Encryption encryption = expected.encryption();
        @Nullable DataKey key = encryption == null ? null : keys.open(encryption, where(expected));
        Content content = new Content(counted, key == null ? ContentDigest.plain() : key.digest(), sink);
        toSink(counted, sink::restart);
        try (InputStream in = Lz4Frames.decompress(clear(expected, counted, key), expected.fileBytes(), checksObject)) {
            long length = in.transferTo(content);
            counted.drain(expected.objectBytes());
            check(expected, "file size", length, expected.fileBytes());
        } catch (StoreException | BadObjectException e) {
            throw e;
        } catch (IOException e) {
            if (counted.failed) {
                throw e;
            }
            throw new BadObjectException(where(expected) + ": invalid LZ4 frame: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            if (counted.failed) {
                throw e;
            }
            throw new BadObjectException(where(expected) + ": invalid LZ4 frame: " + e, e);
        }
        check(expected, "size", counted.bytes, expected.objectBytes());
        if (counted.digest != null) {
            check(expected, "SHA-256", Digest.hex(counted.digest), expected.objectSha256());
        }
        check(expected, "file SHA-256", content.digest.hex(), expected.fileSha256());
    }

    private InputStream clear(StoredFile expected, InputStream object, @Nullable DataKey key) throws IOException {
        if (key == null) {
            return object;
        }
        byte[] head = ObjectHead.encode(expected.key(), key.encryption());
        ObjectHead.check(where(expected), object, head);
        return new DecryptingStream(object, Math.max(0, expected.objectBytes() - head.length), key, head);
    }

    private interface Writing {
        void run() throws IOException;
    }

    private static void toSink(Counted counted, Writing writing) throws SinkException {
        try {
            writing.run();
        } catch (IOException e) {
            throw new SinkException(e);
        } catch (RuntimeException e) {
            counted.failed = true;
            throw e;
        }
    }

    private void check(StoredFile expected, String what, Object computed, Object stored) throws BadObjectException {
        if (!computed.equals(stored)) {
            throw new BadObjectException(
                    what + " mismatch in " + where(expected) + ": expected " + stored + ", got " + computed);
        }
    }

    private String where(StoredFile expected) {
        return store.describe() + "/" + expected.key();
    }

    /** Passes the content of a file to a sink, and computes its digest. */
    private static final class Content extends OutputStream {
        final ContentDigest digest;
        private final Counted counted;
        private final Sink sink;

        Content(Counted counted, ContentDigest digest, Sink sink) {
            this.counted = counted;
            this.digest = digest;
            this.sink = sink;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            digest.update(bytes, from, length);
            byte[] begun = from == 0 ? bytes : Arrays.copyOfRange(bytes, from, from + length);
            toSink(counted, () -> sink.write(begun, length));
        }
    }

    /** Computes the size of an object, and optionally its digest, while it is read. */
    private final class Counted extends FilterInputStream {
        final @Nullable MessageDigest digest;
        long bytes;

        /** Whether the store or the sink has failed, so that an exception does not show that the object is damaged. */
        boolean failed;

        Counted(InputStream in, boolean isDigested) {
            super(in);
            this.digest = isDigested ? Digest.sha256() : null;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            int got;
            try {
                got = in.read(target, from, length);
                if (got > 0) {
                    count(got);
                }
            } catch (IOException | RuntimeException e) {
                failed = true;
                throw e;
            }
            if (got > 0) {
                if (digest != null) {
                    digest.update(target, from, got);
                }
                bytes += got;
            }
            return got;
        }

        /** Reads to the end, or until the object is longer than expected. */
        void drain(long limit) throws IOException {
            byte[] chunk = new byte[CHUNK_BYTES];
            int got = 0;
            while (got >= 0 && bytes <= limit) {
                got = read(chunk, 0, chunk.length);
            }
        }
    }
}
