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
import io.veloz.wal.archive.internal.format.StoredFrame;
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
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Reads compressed files from the store, each from the objects that contain it, and verifies their sizes and digests. Thread-safe. */
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

        /**
         * Called before each further object of a file that is stored in parts. A retry calls it again. What was written from that
         * position on is written again, or the file is not used.
         */
        void rewind(long position) throws IOException;

        /** Returns what an earlier attempt, perhaps of another process, has left of the file. Then {@link #rewind} is first. */
        default InputStream kept() throws IOException {
            return InputStream.nullInputStream();
        }

        void write(byte[] bytes, int length) throws IOException;
    }

    /** Discards the content, for verification only. */
    public static final Sink NOWHERE = new Sink() {
        @Override
        public void restart() {}

        @Override
        public void rewind(long position) {}

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
        ContentDigest digest = keys.digest(expected.encryption(), where(expected.key()));
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
     * Reads a file. When this method returns, the sink has received exactly the expected file.
     *
     * @throws BadObjectException with the key of an object that is damaged or missing
     * @throws io.veloz.wal.archive.internal.crypt.MissingKeyException if it is encrypted, and the key is not configured
     */
    public void read(StoredFile expected, Sink sink) throws IOException {
        read(expected, sink, true);
    }

    /**
     * Does the same, and compares only the file with its digest: that an object has other bytes which give the same file is
     * reported by a verification only. A file of a log needs no other digest, and this one is half of the cost.
     */
    public void fetch(StoredFile expected, Sink sink) throws IOException {
        read(expected, sink, false);
    }

    private void read(StoredFile expected, Sink sink, boolean checksObjects) throws IOException {
        if (!continueKept(expected, sink, checksObjects)) {
            String file = readFrom(expected, 0, digest(expected), sink, checksObjects);
            if (!checksObjects && !expected.parts().isEmpty() && !file.equals(expected.fileSha256())) {
                // The digests of the parts show which one is damaged, unless a connection damaged it.
                file = readFrom(expected, 0, digest(expected), sink, true);
            }
            check(expected.key(), "file SHA-256", file, expected.fileSha256());
        }
    }

    private ContentDigest digest(StoredFile expected) throws IOException {
        return keys.digest(expected.encryption(), where(expected.key()));
    }

    /**
     * Continues after the parts that an earlier attempt has left. They have no digests of their own, so only the digest of the
     * whole file shows whether they are right.
     *
     * @return false if none are left, or they were wrong
     */
    private boolean continueKept(StoredFile expected, Sink sink, boolean checksObjects) throws IOException {
        if (expected.parts().isEmpty()) {
            return false;
        }
        ContentDigest kept = digest(expected);
        int count = 0;
        try (InputStream in = sink.kept()) {
            for (StoredFrame part : expected.parts()) {
                ContentDigest next = kept.copy();
                if (!next.update(in, part.fileBytes())) {
                    break;
                }
                kept = next;
                count++;
            }
        }
        return count > 0 && readFrom(expected, count, kept, sink, checksObjects).equals(expected.fileSha256());
    }

    /**
     * Reads the objects of a file from one on. Returns the digest of the file.
     *
     * @param before the digest of the file up to that object
     */
    private String readFrom(StoredFile expected, int first, ContentDigest before, Sink sink, boolean checksObjects)
            throws IOException {
        List<StoredFrame> frames = expected.frames();
        ContentDigest file = before;
        long position = frames.subList(0, first).stream()
                .mapToLong(StoredFrame::fileBytes)
                .sum();
        if (first > 0) {
            long end = position;
            try {
                sink.rewind(end);
            } catch (IOException e) {
                throw new SinkException(e);
            }
        }
        try (FrameSource objects = open(expected, frames)) {
            for (int i = first; i < frames.size(); i++) {
                ContentDigest end = file;
                // The digest of some security providers cannot be copied, and a file in one object needs no copy.
                Begun begun = expected.parts().isEmpty() ? () -> digest(expected) : end::copy;
                file = read(frames.get(i), i, objects, begun, position, sink, checksObjects);
                position += frames.get(i).fileBytes();
            }
        }
        return file.hex();
    }

    /** Supplies the digest of a file up to an object, to each attempt anew. */
    private interface Begun {
        ContentDigest digest() throws IOException;
    }

    /** Reads an object, whose content begins at a position of the file. Returns the digest of the file up to its end. */
    private ContentDigest read(
            StoredFrame frame,
            int index,
            FrameSource objects,
            Begun begun,
            long position,
            Sink sink,
            boolean checksObject)
            throws IOException {
        try {
            return retries.call(() -> {
                ContentDigest file = begun.digest();
                try (InputStream object = objects.open(index)) {
                    copy(frame, object, file, position, sink, checksObject);
                    return file;
                } catch (NoSuchObjectException e) {
                    throw new BadObjectException(where(frame.key()) + ": the object is missing", e);
                }
            });
        } catch (BadObjectException e) {
            throw e.of(frame.key());
        }
    }

    private static void begin(Sink sink, long position) throws IOException {
        if (position == 0) {
            sink.restart();
        } else {
            sink.rewind(position);
        }
    }

    /** The objects of a file. */
    private interface FrameSource extends AutoCloseable {
        InputStream open(int index) throws IOException;

        @Override
        default void close() {}
    }

    private FrameSource open(StoredFile expected, List<StoredFrame> frames) {
        @Nullable Ranges current = ranges;
        if (current == null || expected.objectBytes() <= 2L * RangedObjects.RANGE_BYTES) {
            return index -> new ResumedObject(store, frames.get(index).key(), this::sendAgain);
        }
        RangedObjects ranged =
                new RangedObjects(store, frames, current.threads, current.lanes, range -> sendAgain(range::get));
        return new FrameSource() {
            @Override
            public InputStream open(int index) {
                return ranged.open(index);
            }

            @Override
            public void close() {
                ranged.close();
            }
        };
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

    /** Copies the content of an object, and checks everything but the digest of the file. */
    private void copy(
            StoredFrame frame, InputStream object, ContentDigest file, long position, Sink sink, boolean checksObject)
            throws IOException {
        Counted counted = new Counted(object, checksObject);
        Encryption encryption = frame.encryption();
        @Nullable DataKey key = encryption == null ? null : keys.open(encryption, where(frame.key()));
        Content content = new Content(counted, file, sink);
        toSink(counted, () -> begin(sink, position));
        try (InputStream in = Lz4Frames.decompress(clear(frame, counted, key), frame.fileBytes(), checksObject)) {
            long length = in.transferTo(content);
            counted.drain(frame.objectBytes());
            check(frame.key(), "file size", length, frame.fileBytes());
        } catch (StoreException | BadObjectException e) {
            throw e;
        } catch (IOException e) {
            if (counted.failed) {
                throw e;
            }
            throw new BadObjectException(where(frame.key()) + ": invalid LZ4 frame: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            if (counted.failed) {
                throw e;
            }
            throw new BadObjectException(where(frame.key()) + ": invalid LZ4 frame: " + e, e);
        }
        check(frame.key(), "size", counted.bytes, frame.objectBytes());
        if (counted.digest != null) {
            check(frame.key(), "SHA-256", Digest.hex(counted.digest), frame.objectSha256());
        }
    }

    private InputStream clear(StoredFrame frame, InputStream object, @Nullable DataKey key) throws IOException {
        if (key == null) {
            return object;
        }
        byte[] head = ObjectHead.encode(frame.key(), key.encryption());
        ObjectHead.check(where(frame.key()), object, head);
        return new DecryptingStream(object, Math.max(0, frame.objectBytes() - head.length), key, head);
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

    private void check(String key, String what, Object computed, Object stored) throws BadObjectException {
        if (!computed.equals(stored)) {
            throw new BadObjectException(
                    what + " mismatch in " + where(key) + ": expected " + stored + ", got " + computed);
        }
    }

    private String where(String key) {
        return store.describe() + "/" + key;
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
