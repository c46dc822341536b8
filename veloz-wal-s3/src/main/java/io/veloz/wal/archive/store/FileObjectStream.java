package io.veloz.wal.archive.store;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A stream over a range of a file. It belongs to one thread at a time, which may be interrupted: unlike a channel, a
 * {@link RandomAccessFile} is not closed by an interrupt.
 */
final class FileObjectStream extends InputStream {
    private final RandomAccessFile file;
    private final Path path;
    private long left;

    FileObjectStream(Path path, long from, long length) throws IOException {
        this.path = path;
        this.file = new RandomAccessFile(path.toFile(), "r");
        try {
            long size = file.length();
            this.left = Math.min(length, Math.max(0, size - from));
            file.seek(Math.min(from, size));
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (left == 0) {
            return -1;
        }
        int count = file.read(target, offset, (int) Math.min(length, left));
        if (count < 0) {
            throw new EOFException(
                    path + " ends " + left + " bytes before its size: it was truncated by another process");
        }
        left -= count;
        return count;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
