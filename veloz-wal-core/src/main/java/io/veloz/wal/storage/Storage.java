package io.veloz.wal.storage;

import io.veloz.wal.WalLockedException;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * A flat directory of files with explicit durability. Written bytes are durable only after {@link StorageFile#force} of
 * that file, and names only after {@link #forceDirectory}. Thread-safe, but a {@link StorageFile} belongs to one thread
 * at a time.
 *
 * <p>Failures are reported as {@link IOException}, and a full disk as its subclass {@link StorageFullException}. The
 * log never retries a failed force (fsync).
 */
public interface Storage {
    /** Returns the name of this storage for messages: the path of the directory. */
    String describe();

    /** Returns the names of the regular files, in no particular order. */
    List<String> list() throws IOException;

    /** Returns whether a regular file has this name. */
    default boolean exists(String name) throws IOException {
        return list().contains(name);
    }

    /** Returns the kinds of the irregular files by name: a directory, a symbolic link, a FIFO or device. */
    default Map<String, String> irregular() throws IOException {
        return Map.of();
    }

    /** Creates an empty file for reading and writing. Fails if the file exists. */
    StorageFile create(String name) throws IOException;

    /**
     * Opens an existing file for reading and writing.
     *
     * @throws java.nio.file.NoSuchFileException if the file does not exist, and for no other reason
     */
    StorageFile open(String name) throws IOException;

    /**
     * Opens an existing file for reading. Read permission is sufficient. Only regular files are opened, because opening
     * a FIFO would block.
     *
     * @throws java.nio.file.NoSuchFileException if the file does not exist, and for no other reason, because the log then
     *     reports it as missing
     */
    StorageFile openForReading(String name) throws IOException;

    /** Renames a file atomically. Replaces an existing file with the new name. */
    void rename(String from, String to) throws IOException;

    /** Deletes a file. */
    void delete(String name) throws IOException;

    /**
     * Makes all files durable that were created, renamed or deleted before this call, as far as their names are
     * concerned.
     */
    void forceDirectory() throws IOException;

    /** Returns the number of bytes that can still be written. */
    long usableBytes() throws IOException;

    /**
     * Takes the exclusive lock with that name, and writes the holder's process and host into the lock file.
     *
     * @throws WalLockedException if the lock is held in this process or another. The message names the holder
     */
    StorageLock lock(String name) throws IOException;

    /** Returns whether the lock with that name is held. Does not disturb the holder, and creates nothing. */
    boolean isLocked(String name) throws IOException;
}
