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
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The lock file of a directory: one process through a POSIX lock, one instance in this process through a registry.
 *
 * <p>A POSIX lock dies when the process closes <em>any</em> channel on the same file, while {@link FileLock#isValid()}
 * goes on saying true. So the lock file is opened here and nowhere else, and never while this process holds it: the
 * registry is asked first. The registry is the JVM's system properties, because a static field exists once per class
 * loader.
 */
final class DiskLock implements StorageLock {
    /** A reader that asks whether a writer lives holds the lock for an instant; a writer that starts waits that out. */
    private static final int ATTEMPTS = 20;

    private static final long BETWEEN_ATTEMPTS_NANOS = 10_000_000;
    private static final int HOLDER_MAX_BYTES = 1024;

    private final String key;
    private final Path path;
    private final FileChannel channel;

    /** Which file it is, whatever its name; null where files have no such thing. */
    private final @Nullable Object fileKey;

    private DiskLock(String key, Path path, FileChannel channel, @Nullable Object fileKey) {
        this.key = key;
        this.path = path;
        this.channel = channel;
        this.fileKey = fileKey;
    }

    static DiskLock take(Path directory, String name) throws IOException {
        Path path = directory.resolve(name);
        String key = registryKey(path);
        // Interned, so that it is one monitor for all class loaders. It keeps a probe, which opens and closes the file,
        // away from the moment between our lock and its entry in the registry.
        synchronized (key.intern()) {
            return takeAlone(directory, path, key);
        }
    }

    private static DiskLock takeAlone(Path directory, Path path, String key) throws IOException {
        // Before the lock is taken: to look up the host's name may take long, and others read who holds it.
        String self = holderText();
        Object owner = System.getProperties().putIfAbsent(key, self);
        if (owner != null) {
            throw new WalLockedException(directory.toString(), owner + " (another instance in this process)");
        }
        boolean taken = false;
        try {
            FileChannel channel = FileChannel.open(
                    path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                if (!tryLock(channel)) {
                    throw new WalLockedException(directory.toString(), readHolder(channel));
                }
                writeHolder(channel, self);
                DiskLock lock = new DiskLock(key, path, channel, fileKey(path));
                taken = true;
                return lock;
            } finally {
                if (!taken) {
                    channel.close();
                }
            }
        } finally {
            if (!taken) {
                System.getProperties().remove(key);
            }
        }
    }

    static boolean isHeld(Path directory, String name) throws IOException {
        Path path = directory.resolve(name);
        String key = registryKey(path);
        synchronized (key.intern()) {
            return System.getProperties().containsKey(key) || isHeldElsewhere(path);
        }
    }

    private static boolean isHeldElsewhere(Path path) throws IOException {
        if (!Files.exists(path)) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
                FileLock probe = channel.tryLock(0, 1, true)) {
            return probe == null;
        } catch (OverlappingFileLockException e) {
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public @Nullable String lostBecause() {
        try {
            if (Objects.equals(fileKey(path), fileKey)) {
                return null;
            }
            return "lock file " + path
                    + " is another one than the log has locked: somebody replaced it, or its directory";
        } catch (NoSuchFileException e) {
            return "lock file " + path + " is gone: somebody removed it, or moved or deleted its directory";
        } catch (IOException e) {
            // Not known. It is looked at again.
            return null;
        }
    }

    /** Opens nothing, so that no lock is lost. */
    private static @Nullable Object fileKey(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    @Override
    public void close() throws IOException {
        // The file stays: removing it would let a third process lock a file that a second one is just opening.
        synchronized (key.intern()) {
            try {
                channel.close();
            } finally {
                System.getProperties().remove(key);
            }
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                // One byte, so that the probe of a reader can ask for the same one.
                @Nullable FileLock lock = channel.tryLock(0, 1, false);
                if (lock != null) {
                    return true;
                }
            } catch (OverlappingFileLockException e) {
                // A probe in this process holds it for an instant.
            }
            LockSupport.parkNanos(BETWEEN_ATTEMPTS_NANOS);
        }
        return false;
    }

    private static String registryKey(Path path) {
        return "io.veloz.wal.lock:" + path;
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

    private static void writeHolder(FileChannel channel, String holder) throws IOException {
        ByteBuffer text = StandardCharsets.UTF_8.encode(holder + "\n");
        channel.truncate(0);
        while (text.hasRemaining()) {
            channel.write(text, text.position());
        }
    }

    private static String readHolder(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(HOLDER_MAX_BYTES);
        channel.read(text, 0);
        String holder = StandardCharsets.UTF_8.decode(text.flip()).toString().strip();
        return holder.isEmpty() ? "another process" : holder;
    }
}
