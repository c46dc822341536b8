package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A read-only view of a segment's file with another header page. Confined to one thread at a time. */
final class HeaderView implements StorageFile {
    private final StorageFile file;
    private final byte[] page;

    HeaderView(StorageFile file, byte[] page) {
        this.file = file;
        this.page = page;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        if (position >= page.length) {
            return file.read(target, position);
        }
        int count = Math.min(target.remaining(), page.length - (int) position);
        target.put(page, (int) position, count);
        return count;
    }

    @Override
    public long size() throws IOException {
        return Math.max(page.length, file.size());
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
    public void close() throws IOException {
        file.close();
    }
}
