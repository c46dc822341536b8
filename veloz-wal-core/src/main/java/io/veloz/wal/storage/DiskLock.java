package io.veloz.wal.storage;

import io.veloz.wal.WalLockedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The lock file of a directory: one process through a POSIX lock, one instance in this process through a registry.
 *
 * <p>A POSIX lock dies when the process closes <em>any</em> channel on the same file, while {@link FileLock#isValid()}
 * stays true. So a lock file is closed only where no instance in this process holds it. Which file it is, its key (device
 * and inode) tells, whatever path leads to it. Another class loader has a registry of its own, but the JVM's table of
 * locks covers it: it throws {@link OverlappingFileLockException}, and then the channel stays open for good.
 *
 * <p>Application code can still open and close the lock file, as a copy of the directory does. So the holder locks two
 * bytes, and renews one after the other: the byte that is not being renewed keeps every other process out. Whoever takes
 * the lock in the meantime writes down who it is, and the holder notices that.
 */
final class DiskLock implements StorageLock {
    /** A reader that probes for a writer, or a holder that renews, has a byte for an instant; wait that out. */
    private static final int ATTEMPTS = 20;

    private static final long BETWEEN_ATTEMPTS_NANOS = 10_000_000;
    private static final int HOLDER_MAX_BYTES = 1024;
    private static final int BYTES = 2;

    /**
     * What this process holds, by the file's key. It also keeps the channel of a log that was never closed from garbage
     * collection, or its file could be removed and another one get the same key.
     */
    private static final Map<Object, DiskLock> HELD = new ConcurrentHashMap<>();

    /**
     * Channels on files that were locked when they were opened, by another class loader of this process, or in a race by
     * this one. They are closed when the lock is free, and probes use them, so there is seldom more than one for a file.
     */
    private static final Map<Object, List<FileChannel>> KEPT_OPEN = new ConcurrentHashMap<>();

    private final Path path;
    private final Object key;
    private final FileChannel channel;
    private final ByteBuffer holder;
    private final @Nullable FileLock[] locks;

    private DiskLock(Path path, Object key, FileChannel channel, ByteBuffer holder, @Nullable FileLock[] locks) {
        this.path = path;
        this.key = key;
        this.channel = channel;
        this.holder = holder;
        this.locks = locks;
    }

    static DiskLock take(Path directory, String name) throws IOException {
        // Before the lock is taken: to look up the host's name may take long, and others read who holds it.
        String self = holderText();
        String other = "another process";
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Attempt result = attempt(directory, directory.resolve(name), self);
            if (result.lock != null) {
                return result.lock;
            }
            other = result.holder;
            LockSupport.parkNanos(BETWEEN_ATTEMPTS_NANOS);
        }
        throw new WalLockedException(directory.toString(), other);
    }

    /** Either the lock, or who holds it. */
    private record Attempt(@Nullable DiskLock lock, String holder) {}

    private static Attempt attempt(Path directory, Path path, String self) throws IOException {
        refuseIfHeldHere(directory, keyIfThere(path));
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Object key = key(path);
        synchronized (monitor(key)) {
            boolean mayClose = true;
            try {
                if (HELD.containsKey(key)) {
                    // Another thread has opened the log since the first look.
                    mayClose = keepOpen(key, channel);
                }
                refuseIfHeldHere(directory, key);
                Attempt result = lock(path, key, channel, self);
                mayClose = result.lock == null;
                return result;
            } catch (OverlappingFileLockException e) {
                mayClose = keepOpen(key, channel);
                throw new WalLockedException(directory.toString(), readHolder(channel) + " (in another class loader)");
            } finally {
                if (mayClose) {
                    channel.close();
                }
            }
        }
    }

    private static void refuseIfHeldHere(Path directory, @Nullable Object key) throws IOException {
        if (key == null) {
            return;
        }
        synchronized (monitor(key)) {
            if (HELD.containsKey(key) || isHeldByAnotherLoader(key)) {
                throw new WalLockedException(
                        directory.toString(), holderText() + " (another instance in this process)");
            }
        }
    }

    private static Attempt lock(Path path, Object key, FileChannel channel, String self) throws IOException {
        @Nullable FileLock first = channel.tryLock(0, 1, false);
        @Nullable FileLock second = first == null ? null : channel.tryLock(1, 1, false);
        if (second == null) {
            return new Attempt(null, readHolder(channel));
        }
        // A text that no other holder has, also not one with the same process id in another container.
        ByteBuffer text = StandardCharsets.UTF_8.encode(self + "\n" + UUID.randomUUID() + "\n");
        channel.truncate(0);
        while (text.hasRemaining()) {
            channel.write(text, text.position());
        }
        DiskLock lock = new DiskLock(path, key, channel, text.flip(), new FileLock[] {first, second});
        HELD.put(key, lock);
        return new Attempt(lock, self);
    }

    static boolean isHeld(Path directory, String name) throws IOException {
        Path path = directory.resolve(name);
        @Nullable Object key = keyIfThere(path);
        if (key == null) {
            return false;
        }
        synchronized (monitor(key)) {
            return HELD.containsKey(key) || isHeldByAnotherLoader(key) || isHeldElsewhere(path, key);
        }
    }

    private static boolean isHeldElsewhere(Path path, Object key) throws IOException {
        boolean mayClose = true;
        FileChannel channel;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            return false;
        }
        try (@Nullable FileLock probe = channel.tryLock(0, BYTES, true)) {
            return probe == null;
        } catch (OverlappingFileLockException e) {
            mayClose = keepOpen(key, channel);
            return true;
        } finally {
            if (mayClose) {
                channel.close();
            }
        }
    }

    /** Also from garbage collection, which would close it. Always false: it may not be closed. */
    private static boolean keepOpen(Object key, FileChannel channel) {
        KEPT_OPEN.computeIfAbsent(key, unused -> new CopyOnWriteArrayList<>()).add(channel);
        return false;
    }

    /** Through a channel that is open anyhow; all are closed once that loader no longer holds the lock. */
    private static boolean isHeldByAnotherLoader(Object key) throws IOException {
        List<FileChannel> channels = KEPT_OPEN.getOrDefault(key, List.of());
        if (channels.isEmpty()) {
            return false;
        }
        try (@Nullable FileLock probe = channels.get(0).tryLock(0, BYTES, true)) {
            var unused = probe;
        } catch (OverlappingFileLockException e) {
            return true;
        }
        KEPT_OPEN.remove(key);
        for (FileChannel channel : channels) {
            channel.close();
        }
        return false;
    }

    // ---- the holder

    /**
     * Also takes the lock again, where this process has lost it by closing another channel on the file. The order
     * matters: first the bytes, so that no other process can come in any more; then who has come in before.
     */
    @Override
    public @Nullable String lostBecause() {
        synchronized (monitor(key)) {
            try {
                if (!key(path).equals(key)) {
                    return "lock file " + path
                            + " is another one than the log has locked: it was replaced, or its directory was";
                }
                if (!renew() || !isHolder()) {
                    return "lock file " + path + " was taken over by " + readHolder(channel)
                            + " after this process had lost the lock: it has closed another channel on the file";
                }
                return null;
            } catch (NoSuchFileException e) {
                return "lock file " + path + " is gone: it was removed, or its directory was moved or deleted";
            } catch (IOException e) {
                // Not known. The next look will show.
                return null;
            }
        }
    }

    private boolean renew() throws IOException {
        for (int i = BYTES - 1; i >= 0; i--) {
            @Nullable FileLock lock = locks[i];
            if (lock != null) {
                lock.release();
            }
            locks[i] = tryLock(i);
            if (locks[i] == null) {
                return false;
            }
        }
        return true;
    }

    private @Nullable FileLock tryLock(int at) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            @Nullable FileLock lock = channel.tryLock(at, 1, false);
            if (lock != null) {
                return lock;
            }
            // A probe, or a process that tries to open the log, has this byte for an instant; the other one is held.
            LockSupport.parkNanos(BETWEEN_ATTEMPTS_NANOS);
        }
        return null;
    }

    private boolean isHolder() throws IOException {
        ByteBuffer text = ByteBuffer.allocate(HOLDER_MAX_BYTES);
        channel.read(text, 0);
        return text.flip().equals(holder);
    }

    @Override
    public void close() throws IOException {
        // The file stays: removing it would let a third process lock a file that a second one is just opening.
        synchronized (monitor(key)) {
            try {
                channel.close();
            } finally {
                HELD.remove(key, this);
            }
        }
    }

    // ---- which file, and who

    /**
     * One for each file, for all class loaders: interned. It keeps a probe, which opens and closes the file, away from the
     * moment between a lock and its entry in the registry.
     */
    private static Object monitor(Object key) {
        return ("io.veloz.wal.lock:" + key).intern();
    }

    /** Opens nothing, so that no lock is lost. Where files have no key it is the path. */
    private static Object key(Path path) throws IOException {
        @Nullable
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return key == null ? path.toRealPath().toString() : key;
    }

    private static @Nullable Object keyIfThere(Path path) throws IOException {
        try {
            return key(path);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static String holderText() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "unknown host";
        }
        return "process " + ProcessHandle.current().pid() + " on " + host;
    }

    /** The first line of the file. */
    private static String readHolder(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(HOLDER_MAX_BYTES);
        channel.read(text, 0);
        String holder = StandardCharsets.UTF_8.decode(text.flip()).toString().strip();
        return holder.isEmpty() ? "another process" : holder.lines().findFirst().orElseThrow();
    }
}
