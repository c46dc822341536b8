package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;

/**
 * A stream over an object that continues where its connection broke, if the connection had delivered anything worth it. Otherwise a
 * connection that never lasts long enough for a large object would begin it again and again. Confined to one thread.
 *
 * <p>It does not check anything: its user compares size and SHA-256 of the object.
 */
final class ResumedObject extends InputStream {
    /** Bounds the number of requests for an object. */
    private static final long WORTH_BYTES = 1024 * 1024;

    private final ObjectStore store;
    private final String key;
    private final Attempts attempts;
    private InputStream in;
    private long position;
    private long resumedAt;

    /** Sends a request, with retries. */
    interface Attempts {
        int send(Retries.Request<Integer> request) throws IOException;
    }

    ResumedObject(ObjectStore store, String key, Attempts attempts) throws IOException {
        this.store = store;
        this.key = key;
        this.attempts = attempts;
        this.in = store.get(key);
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
        } catch (IOException e) {
            if (position - resumedAt < WORTH_BYTES) {
                throw e;
            }
            got = resume(e, target, from, length);
        }
        position += Math.max(0, got);
        return got;
    }

    /** Opens another connection and reads from it, repeatedly: after a failure everything would be fetched again. */
    private int resume(IOException broken, byte[] target, int from, int length) throws IOException {
        try {
            int got = attempts.send(() -> {
                in.close();
                in = store.get(key, position, Long.MAX_VALUE - position);
                return in.read(target, from, length);
            });
            resumedAt = position;
            return got;
        } catch (IOException e) {
            e.addSuppressed(broken);
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
