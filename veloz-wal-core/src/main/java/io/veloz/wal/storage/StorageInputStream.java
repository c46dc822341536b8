package io.veloz.wal.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** A stream of a range of a file. Closing it closes the file. It belongs to one thread. */
public final class StorageInputStream extends InputStream {
    private final StorageFile file;
    private final String name;
    private final long end;
    private long position;

    private StorageInputStream(StorageFile file, String name, long start, long end) {
        this.file = file;
        this.name = name;
        this.position = start;
        this.end = end;
    }

    /** Opens a stream of a whole file, up to its current size. */
    public static StorageInputStream of(Storage storage, String name) throws IOException {
        StorageFile file = storage.openForReading(name);
        try {
            return new StorageInputStream(file, name, 0, file.size());
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Returns a stream of an open file from a start to an end position. */
    public static StorageInputStream of(StorageFile file, String name, long start, long end) {
        return new StorageInputStream(file, name, start, end);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        if (position >= end) {
            return -1;
        }
        ByteBuffer target = ByteBuffer.wrap(bytes, from, (int) Math.min(length, end - position));
        int count = file.read(target, position);
        if (count < 0) {
            throw new IOException(name + " ends at " + position + "; expected " + end + " bytes");
        }
        position += count;
        return count;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
