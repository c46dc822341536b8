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

/** Directories in which every change from a given one on fails, as if the process had crashed. */
public final class CrashingDirectories implements Directories {
    private final AtomicLong left;
    private final String crashAt;

    public CrashingDirectories(long crashAtChange) {
        left = new AtomicLong(crashAtChange);
        crashAt = "";
    }

    public CrashingDirectories(String crashAt) {
        left = new AtomicLong(Long.MAX_VALUE);
        this.crashAt = crashAt;
    }

    @Override
    public void beforeChange(String what) throws IOException {
        if (what.equals(crashAt)) {
            left.set(1);
        }
        if (left.decrementAndGet() <= 0) {
            left.set(0);
            throw new IOException("crashed before " + what);
        }
    }

    @Override
    public Storage open(Path directory) throws IOException {
        beforeChange("open");
        return new CrashingStorage(DiskStorage.createOrOpen(directory));
    }

    private final class CrashingStorage implements Storage {
        private final Storage real;

        CrashingStorage(Storage real) {
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
            beforeChange("create");
            return new CrashingFile(real.create(name));
        }

        @Override
        public StorageFile open(String name) throws IOException {
            return new CrashingFile(real.open(name));
        }

        @Override
        public StorageFile openForReading(String name) throws IOException {
            return real.openForReading(name);
        }

        @Override
        public void rename(String from, String to) throws IOException {
            beforeChange("rename");
            real.rename(from, to);
        }

        @Override
        public void delete(String name) throws IOException {
            beforeChange("delete");
            real.delete(name);
        }

        @Override
        public void forceDirectory() throws IOException {
            beforeChange("force directory");
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

    private final class CrashingFile implements StorageFile {
        private final StorageFile real;

        CrashingFile(StorageFile real) {
            this.real = real;
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            beforeChange("write");
            return real.write(source, position);
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return real.read(target, position);
        }

        @Override
        public void force() throws IOException {
            beforeChange("force");
            real.force();
        }

        @Override
        public void truncate(long size) throws IOException {
            beforeChange("truncate");
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
