package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A file that is written from its beginning, and deleted unless it is finished. Confined to one thread. */
public final class NewFile implements ObjectFiles.Sink, AutoCloseable {
    private static final int CHUNK_BYTES = 256 * 1024;

    private final Storage storage;
    private final String name;
    private @Nullable StorageFile file;
    private long position;
    private boolean finished;

    public NewFile(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
    }

    @Override
    public void restart() throws IOException {
        close();
        file = storage.create(name);
        position = 0;
    }

    @Override
    public void rewind(long to) {
        position = to;
    }

    @Override
    public void write(byte[] bytes, int length) throws IOException {
        open().writeFully(ByteBuffer.wrap(bytes, 0, length), position);
        position += length;
    }

    public long position() {
        return position;
    }

    /** Writes bytes that were written before, in other content. */
    public void overwrite(ByteBuffer bytes, long at) throws IOException {
        open().writeFully(bytes, at);
    }

    /** Appends the bytes of another file from a position on. */
    public void copy(StorageFile from, long start) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        for (long at = start; ; ) {
            int got = from.readFully(ByteBuffer.wrap(chunk), at);
            if (got <= 0) {
                return;
            }
            write(chunk, got);
            at += got;
        }
    }

    /** Forces the file. */
    public void finish() throws IOException {
        open().force();
        finished = true;
    }

    private StorageFile open() {
        return Objects.requireNonNull(file);
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
            file = null;
            if (!finished) {
                storage.delete(name);
            }
        }
    }
}
