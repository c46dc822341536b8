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
 * A file for reading. It belongs to one thread at a time, which may be interrupted: unlike a FileChannel, a {@link
 * RandomAccessFile} is not closed by an interrupt. It keeps reading the same file after a rename.
 */
final class ReadOnlyDiskFile implements StorageFile {
    private static final int ATTEMPTS = 3;

    private final RandomAccessFile file;

    ReadOnlyDiskFile(Path path) throws IOException {
        this.file = opened(path);
    }

    /**
     * Opens a file. Java throws {@link FileNotFoundException} for every file that it cannot open, also if permissions
     * or file descriptors are missing. So this checks whether the file exists, and throws another exception if it does.
     */
    private static RandomAccessFile opened(Path path) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return new RandomAccessFile(path.toFile(), "r");
            } catch (FileNotFoundException e) {
                if (Files.notExists(path)) {
                    throw new NoSuchFileException(path.toString(), null, e.getMessage());
                }
                // The file may have been created after the attempt.
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
