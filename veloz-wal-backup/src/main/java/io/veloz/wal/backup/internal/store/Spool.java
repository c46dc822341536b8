package io.veloz.wal.backup.internal.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * The spool files of a backup, which are encrypted. Backups share a file lock on their directory, which the kernel releases
 * when a process ends: a backup that gets it alone deletes what crashed ones left. A process id could not show that: it may
 * be in use again, or belong to another container. Closing it deletes nothing.
 *
 * <p>Any thread may use it; several backups of one process may have the same directory.
 */
public final class Spool implements Closeable {
    private static final String PREFIX = "spool-";
    private static final String LOCK = "spool.lock";

    /** A process loses its lock when it closes any channel of the file, so all backups in it have one. */
    private static final Map<Path, Shared> OPEN = new HashMap<>();

    private final Path directory;
    private boolean open = true;

    private static final class Shared {
        private final FileChannel channel;
        private int users;

        Shared(FileChannel channel) {
            this.channel = channel;
        }
    }

    private Spool(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens the spool in a directory that only its owner can read, and deletes the files of crashed backups unless another
     * backup runs: then a later one deletes them.
     */
    public static Spool open(Path directory) throws IOException {
        Path real = directory.toRealPath();
        synchronized (OPEN) {
            Shared shared = OPEN.get(real);
            if (shared == null) {
                shared = new Shared(locked(real));
                OPEN.put(real, shared);
            }
            shared.users++;
        }
        return new Spool(real);
    }

    private static FileChannel locked(Path directory) throws IOException {
        FileChannel channel = FileChannel.open(
                directory.resolve(LOCK),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        boolean done = false;
        try {
            try (FileLock alone = channel.tryLock()) {
                if (alone != null) {
                    deleteAll(directory);
                }
            }
            // Another process can have it alone only while it deletes, and this one has no file yet.
            channel.lock(0, Long.MAX_VALUE, true);
            done = true;
            return channel;
        } finally {
            if (!done) {
                channel.close();
            }
        }
    }

    private static void deleteAll(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, PREFIX + "*")) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }

    /**
     * Returns the path of a spool file, which does not exist yet.
     *
     * @param id random
     */
    public Path file(String id) {
        return directory.resolve(PREFIX + id);
    }

    @Override
    public void close() throws IOException {
        synchronized (OPEN) {
            Shared shared = OPEN.get(directory);
            if (open && shared != null && --shared.users == 0) {
                OPEN.remove(directory);
                shared.channel.close();
            }
            open = false;
        }
    }
}
