package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A disk on which nothing can be changed any more from some change on, as if the process were dead. */
final class DyingSteps implements Steps {
    private final AtomicLong left;
    private final String deadly;

    DyingSteps(long diesAt) {
        left = new AtomicLong(diesAt);
        deadly = "";
    }

    DyingSteps(String deadly) {
        left = new AtomicLong(Long.MAX_VALUE);
        this.deadly = deadly;
    }

    @Override
    public void before(String what) throws IOException {
        if (what.equals(deadly)) {
            left.set(1);
        }
        if (left.decrementAndGet() <= 0) {
            left.set(0);
            throw new IOException("dead before " + what);
        }
    }

    @Override
    public Storage open(Path directory) throws IOException {
        before("open");
        return new Dying(DiskStorage.createOrOpen(directory));
    }

    private final class Dying implements Storage {
        private final Storage real;

        Dying(Storage real) {
            this.real = real;
        }

        @Override
        public String describe() {
            return real.describe();
        }

        @Override
        public List<String> list() throws IOException {
            return real.list();
        }

        @Override
        public StorageFile create(String name) throws IOException {
            before("create");
            return new DyingFile(real.create(name));
        }

        @Override
        public StorageFile open(String name) throws IOException {
            return new DyingFile(real.open(name));
        }

        @Override
        public StorageFile openForReading(String name) throws IOException {
            return real.openForReading(name);
        }

        @Override
        public void rename(String from, String to) throws IOException {
            before("rename");
            real.rename(from, to);
        }

        @Override
        public void delete(String name) throws IOException {
            before("delete");
            real.delete(name);
        }

        @Override
        public void forceDirectory() throws IOException {
            before("force directory");
            real.forceDirectory();
        }

        @Override
        public long usableBytes() throws IOException {
            return real.usableBytes();
        }

        @Override
        public StorageLock lock(String name) throws IOException {
            return real.lock(name);
        }

        @Override
        public boolean isLocked(String name) throws IOException {
            return real.isLocked(name);
        }
    }

    private final class DyingFile implements StorageFile {
        private final StorageFile real;

        DyingFile(StorageFile real) {
            this.real = real;
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            before("write");
            return real.write(source, position);
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return real.read(target, position);
        }

        @Override
        public void force() throws IOException {
            before("force");
            real.force();
        }

        @Override
        public void truncate(long size) throws IOException {
            before("truncate");
            real.truncate(size);
        }

        @Override
        public long size() throws IOException {
            return real.size();
        }

        @Override
        public void close() throws IOException {
            real.close();
        }
    }
}
