package io.veloz.wal.fault;

import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A storage that counts the operations of one reading thread, and runs an action before its n-th operation. Calls of other
 * threads are forwarded.
 */
public final class ReadSeam extends ForwardingStorage {
    /** An event between two operations of a reader. */
    @FunctionalInterface
    public interface Action {
        void run() throws IOException;
    }

    private final Thread reader = Thread.currentThread();
    private long bytes;
    private long reads;
    private long opens;
    private long operations;
    private long actAt = Long.MAX_VALUE;
    private Action action = () -> {};
    private boolean acting;

    /** Creates a storage that counts the operations of the calling thread. */
    public ReadSeam(Storage storage) {
        super(storage);
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

    /** Returns the bytes read so far. */
    public long bytes() {
        return bytes;
    }

    /** Returns the number of reads so far. */
    public long reads() {
        return reads;
    }

    /** Returns the number of operations of every kind so far. */
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
    public List<String> list() throws IOException {
        operation();
        return super.list();
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        operation();
        if (counts()) {
            opens++;
        }
        return new CountingFile(super.openForReading(name));
    }

    @Override
    public boolean isLocked(String name) throws IOException {
        operation();
        return super.isLocked(name);
    }

    private final class CountingFile implements StorageFile {
        private final StorageFile file;

        CountingFile(StorageFile file) {
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
