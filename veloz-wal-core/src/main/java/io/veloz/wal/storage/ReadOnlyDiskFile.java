package io.veloz.wal.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file that is only read. It belongs to one thread at a time, which may be any, also an interrupted one: other than a
 * FileChannel, a {@link RandomAccessFile} is not closed by an interrupt, and it stays with its file through a rename.
 */
final class ReadOnlyDiskFile implements StorageFile {
    private static final int ATTEMPTS = 3;

    private final RandomAccessFile file;

    ReadOnlyDiskFile(Path path) throws IOException {
        this.file = opened(path);
    }

    /**
     * Java says "file not found" of every file that it cannot open, whether there are too many of them, or it is forbidden.
     * Only one that is really not there may be taken for that: everything else is an error.
     */
    private static RandomAccessFile opened(Path path) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return new RandomAccessFile(path.toFile(), "r");
            } catch (FileNotFoundException e) {
                if (Files.notExists(path)) {
                    throw new NoSuchFileException(path.toString(), null, e.getMessage());
                }
                // It may have got its name a moment ago, after the attempt.
                if (attempt == ATTEMPTS) {
                    throw new FileSystemException(path.toString(), null, e.getMessage());
                }
            }
        }
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        file.seek(position);
        if (target.hasArray()) {
            int count = file.read(target.array(), target.arrayOffset() + target.position(), target.remaining());
            if (count > 0) {
                target.position(target.position() + count);
            }
            return count;
        }
        byte[] bytes = new byte[Math.min(target.remaining(), 64 * 1024)];
        int count = file.read(bytes);
        if (count > 0) {
            target.put(bytes, 0, count);
        }
        return count;
    }

    @Override
    public long size() throws IOException {
        return file.length();
    }

    @Override
    public int write(ByteBuffer source, long position) {
        throw new NonWritableChannelException();
    }

    @Override
    public void force() {
        throw new NonWritableChannelException();
    }

    @Override
    public void truncate(long size) {
        throw new NonWritableChannelException();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
