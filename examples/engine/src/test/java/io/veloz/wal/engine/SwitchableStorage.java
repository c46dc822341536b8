package io.veloz.wal.engine;

import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** The disk, with a force that can be held up or made to fail, and room that can run out. */
final class SwitchableStorage implements Storage {
    private final Storage disk;
    private volatile CountDownLatch held = new CountDownLatch(0);
    private volatile CountDownLatch reached = new CountDownLatch(0);
    private volatile boolean failing;
    private volatile boolean full;

    SwitchableStorage(Path directory) {
        disk = DiskStorage.createOrOpen(directory);
    }

    /** From now on a force does not return. */
    void holdForces() {
        reached = new CountDownLatch(1);
        held = new CountDownLatch(1);
    }

    void awaitHeldForce() throws InterruptedException {
        reached.await();
    }

    void releaseForces() {
        held.countDown();
    }

    void failForces() {
        failing = true;
    }

    void full(boolean value) {
        full = value;
    }

    private final class SwitchableFile implements StorageFile {
        private final StorageFile file;

        SwitchableFile(StorageFile file) {
            this.file = file;
        }

        @Override
        public void force() throws IOException {
            reached.countDown();
            awaitUninterruptibly(held);
            if (failing) {
                throw new IOException("Input/output error");
            }
            file.force();
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            return file.write(source, position);
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
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

    private static void awaitUninterruptibly(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Override
    public StorageFile create(String name) throws IOException {
        if (full) {
            throw new StorageFullException("No space left on device", null);
        }
        return new SwitchableFile(disk.create(name));
    }

    @Override
    public StorageFile open(String name) throws IOException {
        return new SwitchableFile(disk.open(name));
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        return disk.openForReading(name);
    }

    @Override
    public String describe() {
        return disk.describe();
    }

    @Override
    public List<String> list() throws IOException {
        return disk.list();
    }

    @Override
    public void rename(String from, String to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void delete(String name) throws IOException {
        disk.delete(name);
    }

    @Override
    public void forceDirectory() throws IOException {
        disk.forceDirectory();
    }

    @Override
    public long usableBytes() throws IOException {
        return full ? 0 : disk.usableBytes();
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        return disk.lock(name);
    }

    @Override
    public boolean isLocked(String name) throws IOException {
        return disk.isLocked(name);
    }
}
