package io.veloz.wal.fault;

import io.veloz.wal.WalLockedException;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A directory on the heap with a limited size, in which every write is durable immediately. Any thread may use it. */
public final class HeapStorage implements Storage {
    private final Map<String, Content> files = new HashMap<>();
    private final Set<String> locks = new HashSet<>();
    private long capacityBytes = Long.MAX_VALUE;

    private static final class Content {
        byte[] bytes = new byte[0];
        int links = 1;
    }

    /** Sets the size of the disk. */
    public synchronized void capacityBytes(long value) {
        capacityBytes = value;
    }

    public synchronized long usedBytes() {
        return files.values().stream()
                .mapToLong(content -> content.bytes.length)
                .sum();
    }

    /** Returns the current bytes of a file. */
    public synchronized byte[] bytes(String name) throws IOException {
        return find(name).bytes.clone();
    }

    /** Replaces the bytes of a file. */
    public synchronized void put(String name, byte[] bytes) {
        Content content = new Content();
        content.bytes = bytes.clone();
        files.put(name, content);
    }

    /** Returns an independent, unlocked copy of the files: the state after a crash of the process. */
    public synchronized HeapStorage copy() {
        HeapStorage copy = new HeapStorage();
        files.forEach((name, content) -> copy.put(name, content.bytes));
        return copy;
    }

    @Override
    public String describe() {
        return "heap";
    }

    @Override
    public synchronized List<String> list() {
        return List.copyOf(files.keySet());
    }

    @Override
    public synchronized StorageFile create(String name) throws IOException {
        if (files.containsKey(name)) {
            throw new FileAlreadyExistsException(name);
        }
        Content content = new Content();
        files.put(name, content);
        return new HeapFile(content);
    }

    @Override
    public synchronized StorageFile open(String name) throws IOException {
        return new HeapFile(find(name));
    }

    @Override
    public synchronized StorageFile openForReading(String name) throws IOException {
        return new HeapFile(find(name));
    }

    private Content find(String name) throws IOException {
        Content content = files.get(name);
        if (content == null) {
            throw new NoSuchFileException(name);
        }
        return content;
    }

    @Override
    public synchronized void rename(String from, String to) throws IOException {
        Content content = find(from);
        files.remove(from);
        unlinked(files.put(to, content));
    }

    @Override
    public synchronized void delete(String name) throws IOException {
        find(name);
        unlinked(files.remove(name));
    }

    private static void unlinked(@org.jspecify.annotations.Nullable Content content) {
        if (content != null) {
            content.links--;
        }
    }

    @Override
    public void forceDirectory() {}

    @Override
    public synchronized long usableBytes() {
        return capacityBytes - usedBytes();
    }

    @Override
    public synchronized StorageLock lock(String name) {
        if (!locks.add(name)) {
            throw new WalLockedException("heap", "another instance in this process");
        }
        return () -> unlock(name);
    }

    private synchronized void unlock(String name) {
        locks.remove(name);
    }

    @Override
    public synchronized boolean isLocked(String name) {
        return locks.contains(name);
    }

    private final class HeapFile implements StorageFile {
        private final Content content;

        HeapFile(Content content) {
            this.content = content;
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            synchronized (HeapStorage.this) {
                int length = source.remaining();
                long end = position + length;
                if (end > content.bytes.length) {
                    if (content.links > 0 && end - content.bytes.length > capacityBytes - usedBytes()) {
                        throw new StorageFullException("No space left on device", null);
                    }
                    content.bytes = Arrays.copyOf(content.bytes, (int) end);
                }
                source.get(content.bytes, (int) position, length);
                return length;
            }
        }

        @Override
        public int read(ByteBuffer target, long position) {
            synchronized (HeapStorage.this) {
                if (position >= content.bytes.length) {
                    return -1;
                }
                int length = (int) Math.min(target.remaining(), content.bytes.length - position);
                target.put(content.bytes, (int) position, length);
                return length;
            }
        }

        @Override
        public void force() {}

        @Override
        public void truncate(long size) {
            synchronized (HeapStorage.this) {
                if (size < content.bytes.length) {
                    content.bytes = Arrays.copyOf(content.bytes, (int) size);
                }
            }
        }

        @Override
        public long size() {
            synchronized (HeapStorage.this) {
                return content.bytes.length;
            }
        }

        @Override
        public void close() {}
    }
}
