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
 * The lock file of a directory. A POSIX lock excludes other processes, and a registry excludes other instances in this
 * process.
 *
 * <p>A POSIX lock is lost when the process closes <em>any</em> channel on the same file, while {@link
 * FileLock#isValid()} stays true. So a channel on a lock file is closed only if no instance in this process has the
 * lock. The file is identified by its key (device and inode), because several paths may lead to it. Another class
 * loader has another registry, but shares the lock table of the JVM, which throws {@link OverlappingFileLockException}.
 * In that case the channel stays open.
 *
 * <p>Application code can still open and close the lock file, for example when it copies the directory. So the holder
 * locks two bytes and renews them one after the other. The byte that is not being renewed excludes every other process.
 * A process that takes the lock after it was lost writes its name into the file, which the holder detects.
 */
final class DiskLock implements StorageLock {
    /** Attempts to lock: a reader that probes for a writer, or a holder that renews, locks a byte only for an instant. */
    private static final int ATTEMPTS = 20;

    private static final long BETWEEN_ATTEMPTS_NANOS = 10_000_000;
    private static final int HOLDER_MAX_BYTES = 1024;
    private static final int BYTES = 2;

    /**
     * The locks of this process, by the key of the file. The map also protects the channel of a log that was never closed
     * from garbage collection. Otherwise its file could be deleted, and another file could get the same key.
     */
    private static final Map<Object, DiskLock> HELD = new ConcurrentHashMap<>();

    /**
     * Open channels on files that were already locked when the channel was opened: by another class loader of this
     * process, or by a concurrent open in this one. They are closed when the lock is free. Probes use them, so there is
     * rarely more than one per file.
     */
    private static final Map<Object, List<FileChannel>> KEPT_OPEN = new ConcurrentHashMap<>();

    private final Path path;
    private final Object key;

    /** The {@link #monitor} of the key, kept because each check of the lock enters it. */
    private final Object monitor;

    private final FileChannel channel;
    private final ByteBuffer holder;
    private final @Nullable FileLock[] locks;

    private DiskLock(Path path, Object key, FileChannel channel, ByteBuffer holder, @Nullable FileLock[] locks) {
        this.path = path;
        this.key = key;
        this.monitor = monitor(key);
        this.channel = channel;
        this.holder = holder;
        this.locks = locks;
    }

    /** Takes the lock, or throws {@link WalLockedException} with the name of the holder. */
    static DiskLock take(Path directory, String name) throws IOException {
        // Before the lock is taken, because the lookup of the host name may be slow, and other processes read the
        // holder's name.
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

    /** The result of an attempt: either the lock, or the name of its holder. */
    private record Attempt(@Nullable DiskLock lock, String holder) {}

    private static Attempt attempt(Path directory, Path path, String self) throws IOException {
        refuseIfHeldHere(directory, keyIfExists(path));
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Object key = key(path);
        synchronized (monitor(key)) {
            boolean mayClose = true;
            try {
                if (HELD.containsKey(key)) {
                    // Another thread has opened the log since the first check.
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
        // Unique, even for a holder with the same process id in another container.
        ByteBuffer text = StandardCharsets.UTF_8.encode(self + "\n" + UUID.randomUUID() + "\n");
        channel.truncate(0);
        while (text.hasRemaining()) {
            channel.write(text, text.position());
        }
        DiskLock lock = new DiskLock(path, key, channel, text.flip(), new FileLock[] {first, second});
        HELD.put(key, lock);
        return new Attempt(lock, self);
    }

    /** Returns whether a process has the lock. */
    static boolean isHeld(Path directory, String name) throws IOException {
        Path path = directory.resolve(name);
        @Nullable Object key = keyIfExists(path);
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

    /**
     * Protects a channel from garbage collection, which would close it. Returns false: the channel must not be closed.
     */
    private static boolean keepOpen(Object key, FileChannel channel) {
        KEPT_OPEN.computeIfAbsent(key, unused -> new CopyOnWriteArrayList<>()).add(channel);
        return false;
    }

    /** Probes through a channel that is already open. Closes all of them when the other loader no longer has the lock. */
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
     * Returns why the lock was lost. Takes it again if this process has lost it by closing another channel on the file.
     * The order matters: first the bytes are locked, so that no other process can take the lock from then on. Then the
     * name in the file shows whether another process took it before.
     */
    @Override
    public @Nullable String lostBecause() {
        synchronized (monitor) {
            try {
                if (!key(path).equals(key)) {
                    return "lock file " + path
                            + " is not the file that the log has locked: the file or its directory was replaced";
                }
                if (!renew() || !isHolder()) {
                    return "lock file " + path + " was taken over by " + readHolder(channel)
                            + " after this process had lost the lock by closing another channel on the file";
                }
                return null;
            } catch (NoSuchFileException e) {
                return "lock file " + path + " does not exist: it was deleted, or its directory was moved, deleted or"
                        + " unmounted. If the log is not in the directory, put it back first: an open begins a new log"
                        + " where there is none";
            } catch (IOException e) {
                // Unknown. The next check may succeed.
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
            // A probe, or a process that tries to open the log, locks this byte for an instant. The other byte stays
            // locked.
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
        // The file is not deleted, because a second process may be opening it while a third one locks a new file.
        synchronized (monitor) {
            try {
                channel.close();
            } finally {
                HELD.remove(key, this);
            }
        }
    }

    // ---- identity of the file and of the holder

    /**
     * Returns the monitor of a file, which is the same for all class loaders because it is interned. It excludes a probe,
     * which opens and closes the file, between the locking of the file and the update of the registry.
     */
    private static Object monitor(Object key) {
        return ("io.veloz.wal.lock:" + key).intern();
    }

    /** Returns the key of a file without opening it, so that no lock is lost. If files have no key it is the path. */
    private static Object key(Path path) throws IOException {
        @Nullable
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return key == null ? path.toRealPath().toString() : key;
    }

    private static @Nullable Object keyIfExists(Path path) throws IOException {
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

    /** Returns the name of the holder: the first line of the file. */
    private static String readHolder(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(HOLDER_MAX_BYTES);
        channel.read(text, 0);
        String holder = StandardCharsets.UTF_8.decode(text.flip()).toString().strip();
        return holder.isEmpty() ? "another process" : holder.lines().findFirst().orElseThrow();
    }
}
