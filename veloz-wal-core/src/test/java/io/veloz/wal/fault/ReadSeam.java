package io.veloz.wal.fault;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A wrapper of a storage that counts the reads of one thread, and runs an action before its n-th operation.
 * Calls of other threads pass through.
 */
public final class ReadSeam implements Storage {
    /** An action between two operations of a reader. */
    @FunctionalInterface
    public interface Action {
        void run() throws IOException;
    }

    private final Storage storage;
    private final Thread reader = Thread.currentThread();
    private long bytes;
    private long reads;
    private long opens;
    private long operations;
    private long actAt = Long.MAX_VALUE;
    private Action action = () -> {};
    private boolean acting;

    /** Creates a wrapper that counts the operations of the calling thread. */
    public ReadSeam(Storage storage) {
        this.storage = storage;
    }

    /** Runs the action before the n-th operation from now, counted from 1. */
    public void before(long operation, Action what) {
        actAt = operations + operation;
        action = what;
    }

    /** Returns whether the action has run. */
    public boolean hasActed() {
        return operations >= actAt;
    }

    /** Returns the number of bytes read so far. */
    public long bytes() {
        return bytes;
    }

    /** Returns the number of reads so far. */
    public long reads() {
        return reads;
    }

    /** Returns the number of operations of any kind so far. */
    public long operations() {
        return operations;
    }

    /** Returns the number of files opened so far. */
    public long opens() {
        return opens;
    }

    private void operation() throws IOException {
        if (Thread.currentThread() != reader || acting) {
            return;
        }
        operations++;
        if (operations == actAt) {
            acting = true;
            try {
                action.run();
            } finally {
                acting = false;
            }
        }
    }

    private boolean counts() {
        return Thread.currentThread() == reader && !acting;
    }

    @Override
    public String describe() {
        return storage.describe();
    }

    @Override
    public List<String> list() throws IOException {
        operation();
        return storage.list();
    }

    @Override
    public StorageFile create(String name) throws IOException {
        return storage.create(name);
    }

    @Override
    public StorageFile open(String name) throws IOException {
        return storage.open(name);
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        operation();
        if (counts()) {
            opens++;
        }
        return new Seen(storage.openForReading(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        storage.rename(from, to);
    }

    @Override
    public void delete(String name) throws IOException {
        storage.delete(name);
    }

    @Override
    public void forceDirectory() throws IOException {
        storage.forceDirectory();
    }

    @Override
    public long usableBytes() throws IOException {
        return storage.usableBytes();
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        return storage.lock(name);
    }

    @Override
    public boolean isLocked(String name) throws IOException {
        operation();
        return storage.isLocked(name);
    }

    private final class Seen implements StorageFile {
        private final StorageFile file;

        Seen(StorageFile file) {
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            operation();
            int count = file.read(target, position);
            if (counts()) {
                reads++;
                bytes += Math.max(0, count);
            }
            return count;
        }

        @Override
        public long size() throws IOException {
            operation();
            return file.size();
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            return file.write(source, position);
        }

        @Override
        public void force() throws IOException {
            file.force();
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
