package io.veloz.wal;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A directory in memory that behaves like one on a disk that loses nothing. An open file keeps its bytes after a
 * rename or a deletion, and reading ends at the end of the file. Any thread may use it.
 */
public final class MemoryStorage implements Storage {
    private final Map<String, Content> files = new TreeMap<>();
    private boolean locked;
    private boolean readOnly;
    private int failAt = Integer.MAX_VALUE;
    private int operations;
    private int openFiles;
    private int mostOpenFiles;
    private long readBytes;

    private static final class Content {
        byte[] bytes = new byte[0];
        int size;

        /** Whether another directory has the same array, which is then copied before it is changed. */
        boolean shared;

        byte[] toChange() {
            if (shared) {
                bytes = bytes.clone();
                shared = false;
            }
            return bytes;
        }
    }

    // ---- for tests

    /** Returns an independent, unlocked copy of the files: the state after a crash of the process. */
    public synchronized MemoryStorage copy() {
        MemoryStorage copy = new MemoryStorage();
        files.forEach((file, content) -> {
            Content same = new Content();
            same.bytes = content.bytes;
            same.size = content.size;
            same.shared = true;
            content.shared = true;
            copy.files.put(file, same);
        });
        return copy;
    }

    public synchronized byte[] bytes(String file) {
        Content content = files.get(file);
        if (content == null) {
            throw new IllegalArgumentException("no file " + file + " among " + files.keySet());
        }
        return Arrays.copyOf(content.bytes, content.size);
    }

    public synchronized MemoryStorage put(String file, byte[] bytes) {
        Content content = new Content();
        content.bytes = bytes.clone();
        content.size = bytes.length;
        files.put(file, content);
        return this;
    }

    /** Changes one byte. */
    public synchronized MemoryStorage flip(String file, int position, int mask) {
        files.get(file).toChange()[position] ^= (byte) mask;
        return this;
    }

    /** Removes the marks that prove the end of a segment, as in a copy that was made from its batches. */
    public MemoryStorage unmarked(String file) {
        byte[] bytes = bytes(file);
        java.util.Arrays.fill(bytes, 512, 1536, (byte) 0);
        return put(file, bytes);
    }

    public MemoryStorage cut(String file, int size) {
        return put(file, Arrays.copyOf(bytes(file), size));
    }

    /** Writes zeros from a position to the end of a file. */
    public MemoryStorage zero(String file, int from) {
        byte[] bytes = bytes(file);
        Arrays.fill(bytes, from, bytes.length, (byte) 0);
        return put(file, bytes);
    }

    public synchronized MemoryStorage remove(String file) {
        bytes(file);
        files.remove(file);
        return this;
    }

    public MemoryStorage move(String from, String to) {
        byte[] bytes = bytes(from);
        return remove(from).put(to, bytes);
    }

    public synchronized boolean has(String file) {
        return files.containsKey(file);
    }

    /** Returns all files with a digest of their bytes, for comparison. */
    public synchronized Map<String, Integer> content() {
        Map<String, Integer> all = new TreeMap<>();
        files.keySet().forEach(file -> all.put(file, Arrays.hashCode(bytes(file))));
        return all;
    }

    /** Makes every later change throw. */
    public synchronized MemoryStorage readOnly() {
        readOnly = true;
        return this;
    }

    /** Makes the n-th change throw, and all after it. */
    public synchronized MemoryStorage failAt(int operation) {
        failAt = operation;
        return this;
    }

    private void change() throws IOException {
        checkWritable();
        if (++operations >= failAt) {
            throw new IOException("cut at operation " + failAt);
        }
    }

    public synchronized int openFiles() {
        return openFiles;
    }

    public synchronized int mostOpenFiles() {
        return mostOpenFiles;
    }

    /** Returns the number of bytes read so far. */
    public synchronized long readBytes() {
        return readBytes;
    }

    private void checkWritable() {
        if (readOnly) {
            throw new NonWritableChannelException();
        }
    }

    // ---- Storage

    @Override
    public String describe() {
        return "memory";
    }

    @Override
    public synchronized List<String> list() {
        return List.copyOf(files.keySet());
    }

    @Override
    public synchronized StorageFile create(String file) throws IOException {
        change();
        if (files.containsKey(file)) {
            throw new FileAlreadyExistsException(file);
        }
        Content content = new Content();
        files.put(file, content);
        return new File(content, true);
    }

    @Override
    public synchronized StorageFile open(String file) throws IOException {
        checkWritable();
        return new File(existing(file), true);
    }

    @Override
    public synchronized StorageFile openForReading(String file) throws IOException {
        return new File(existing(file), false);
    }

    private Content existing(String file) throws NoSuchFileException {
        Content content = files.get(file);
        if (content == null) {
            throw new NoSuchFileException(file);
        }
        return content;
    }

    @Override
    public synchronized void rename(String from, String to) throws IOException {
        change();
        Content content = existing(from);
        files.remove(from);
        files.put(to, content);
    }

    @Override
    public synchronized void delete(String file) throws IOException {
        change();
        existing(file);
        files.remove(file);
    }

    @Override
    public synchronized void forceDirectory() throws IOException {
        change();
    }

    @Override
    public long usableBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public synchronized StorageLock lock(String file) {
        checkWritable();
        if (locked) {
            throw new WalLockedException(describe(), "this test");
        }
        locked = true;
        return this::unlock;
    }

    private synchronized void unlock() {
        locked = false;
    }

    @Override
    public synchronized boolean isLocked(String file) {
        return locked;
    }

    private final class File implements StorageFile {
        private final Content content;
        private final boolean writable;
        private boolean open = true;

        File(Content content, boolean writable) {
            this.content = content;
            this.writable = writable;
            openFiles++;
            mostOpenFiles = Math.max(mostOpenFiles, openFiles);
        }

        private void check(boolean toWrite) {
            if (!open) {
                throw new IllegalStateException("the file is closed");
            }
            if (toWrite && !writable) {
                throw new NonWritableChannelException();
            }
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            synchronized (MemoryStorage.this) {
                check(true);
                change();
                int count = source.remaining();
                int end = Math.toIntExact(position + count);
                if (end > content.bytes.length) {
                    content.bytes = Arrays.copyOf(content.bytes, Math.max(end, content.bytes.length * 2));
                    content.shared = false;
                }
                source.get(content.toChange(), (int) position, count);
                content.size = Math.max(content.size, end);
                return count;
            }
        }

        @Override
        public int read(ByteBuffer target, long position) {
            synchronized (MemoryStorage.this) {
                check(false);
                if (position >= content.size) {
                    return -1;
                }
                int count = (int) Math.min(target.remaining(), content.size - position);
                target.put(content.bytes, (int) position, count);
                readBytes += count;
                return count;
            }
        }

        @Override
        public void force() throws IOException {
            synchronized (MemoryStorage.this) {
                check(true);
                change();
            }
        }

        @Override
        public void truncate(long size) throws IOException {
            synchronized (MemoryStorage.this) {
                check(true);
                change();
                if (size < content.size) {
                    Arrays.fill(content.toChange(), (int) size, content.size, (byte) 0);
                    content.size = (int) size;
                }
            }
        }

        @Override
        public long size() {
            synchronized (MemoryStorage.this) {
                check(false);
                return content.size;
            }
        }

        @Override
        public void close() {
            synchronized (MemoryStorage.this) {
                if (open) {
                    open = false;
                    openFiles--;
                }
            }
        }
    }
}
