package io.veloz.wal.bench.detail;

import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/** A storage that counts the files that a log opens, and the bytes that it reads and writes. Thread-safe. */
final class CountingStorage extends ForwardingStorage {
    private final AtomicLong opens = new AtomicLong();
    private final AtomicLong readBytes = new AtomicLong();
    private final AtomicLong writtenBytes = new AtomicLong();
    private final AtomicLong forces = new AtomicLong();

    /** The counts at one moment. */
    record Counts(long opens, long readBytes, long writtenBytes, long forces) {
        /** Returns what was added since other counts. */
        Counts since(Counts earlier) {
            return new Counts(
                    opens - earlier.opens,
                    readBytes - earlier.readBytes,
                    writtenBytes - earlier.writtenBytes,
                    forces - earlier.forces);
        }
    }

    CountingStorage(Storage storage) {
        super(storage);
    }

    Counts counts() {
        return new Counts(opens.get(), readBytes.get(), writtenBytes.get(), forces.get());
    }

    @Override
    public StorageFile create(String name) throws IOException {
        return counted(super.create(name));
    }

    @Override
    public StorageFile open(String name) throws IOException {
        return counted(super.open(name));
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        return counted(super.openForReading(name));
    }

    @Override
    public void forceDirectory() throws IOException {
        forces.incrementAndGet();
        super.forceDirectory();
    }

    private StorageFile counted(StorageFile file) {
        opens.incrementAndGet();
        return new CountingFile(file);
    }

    private final class CountingFile implements StorageFile {
        private final StorageFile file;

        CountingFile(StorageFile file) {
            this.file = file;
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            int written = file.write(source, position);
            writtenBytes.addAndGet(written);
            return written;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int read = file.read(target, position);
            readBytes.addAndGet(Math.max(0, read));
            return read;
        }

        @Override
        public void force() throws IOException {
            forces.incrementAndGet();
            file.force();
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
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
}
