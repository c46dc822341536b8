package io.veloz.wal.archive;

import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A temporary file that receives content of an archive. It is never forced (fsync). An instance is confined to one thread. */
final class ScratchFile implements ObjectFiles.Sink, SlotCodec.Content, AutoCloseable {
    private final Storage storage;
    private final String name;
    private @Nullable StorageFile file;
    private long position;

    ScratchFile(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
    }

    @Override
    public void restart() throws IOException {
        close();
        if (storage.exists(name)) {
            storage.delete(name);
        }
        file = storage.create(name);
        position = 0;
    }

    /** Continues at an earlier position, from which on the content will be written again. */
    @Override
    public void rewind(long to) {
        position = to;
    }

    @Override
    public void write(byte[] bytes, int length) throws IOException {
        Objects.requireNonNull(file).writeFully(ByteBuffer.wrap(bytes, 0, length), position);
        position += length;
    }

    /** Cuts what was written after a position. */
    void cut(long size) throws IOException {
        if (file != null) {
            file.truncate(size);
        }
    }

    long position() {
        return position;
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
            file = null;
        }
    }
}
