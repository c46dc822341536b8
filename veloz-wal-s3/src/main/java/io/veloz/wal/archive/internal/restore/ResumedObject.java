package io.veloz.wal.archive.internal.restore;

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
    private InputStream in;
    private long position;
    private long resumedAt;

    ResumedObject(ObjectStore store, String key) throws IOException {
        this.store = store;
        this.key = key;
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
            resume(e);
            got = in.read(target, from, length);
        }
        position += Math.max(0, got);
        return got;
    }

    private void resume(IOException broken) throws IOException {
        close();
        try {
            in = store.get(key, position, Long.MAX_VALUE - position);
        } catch (IOException e) {
            e.addSuppressed(broken);
            throw e;
        }
        resumedAt = position;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
