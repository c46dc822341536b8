package io.veloz.wal.backup.internal.postgres;

import java.io.IOException;
import java.io.InputStream;

/** The dump at the beginning of an attachment: the next bytes of a stream, which it does not close. It belongs to one thread. */
final class DumpStream extends InputStream {
    private final InputStream in;
    private long left;

    DumpStream(InputStream in, long bytes) {
        this.in = in;
        this.left = bytes;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (left == 0) {
            return length == 0 ? 0 : -1;
        }
        int count = in.read(target, from, (int) Math.min(length, left));
        if (count > 0) {
            left -= count;
        }
        return count;
    }
}
