package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.EndMark;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A read-only view of a segment's file with zeros in place of the end marks, as in every copy of the segment. Confined
 * to one thread at a time.
 */
public final class UnmarkedFile implements StorageFile {
    private final StorageFile file;

    public UnmarkedFile(StorageFile file) {
        this.file = file;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        int from = target.position();
        int count = file.read(target, position);
        if (count > 0) {
            EndMark.remove(target, from, count, position);
        }
        return count;
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
        throw new IOException("read-only");
    }

    @Override
    public void force() throws IOException {
        throw new IOException("read-only");
    }

    @Override
    public void truncate(long size) throws IOException {
        throw new IOException("read-only");
    }

    @Override
    public long size() throws IOException {
        return file.size();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
