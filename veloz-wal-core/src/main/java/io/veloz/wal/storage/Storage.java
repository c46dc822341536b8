package io.veloz.wal.storage;

import io.veloz.wal.WalLockedException;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * One flat directory of files with explicit durability: what is written is durable only after {@link StorageFile#force}
 * of that file, and a name only after {@link #forceDirectory}. Any thread may call any method; a {@link StorageFile}
 * belongs to one thread at a time.
 *
 * <p>Failures are {@link IOException}s; a lack of room is the subclass {@link StorageFullException}. The log never
 * repeats a failed force.
 */
public interface Storage {
    /** What error messages call this place: the directory's path. */
    String describe();

    /** The names of the regular files, in no order. */
    List<String> list() throws IOException;

    /** What is not a regular file, by name, and what it is instead: a directory, a symbolic link, a FIFO or device. */
    default Map<String, String> irregular() throws IOException {
        return Map.of();
    }

    /** Creates an empty file for reading and writing. Fails if the name exists. */
    StorageFile create(String name) throws IOException;

    /**
     * Opens an existing file for reading and writing.
     *
     * @throws java.nio.file.NoSuchFileException if there is none of that name, and for no other reason
     */
    StorageFile open(String name) throws IOException;

    /**
     * Opens an existing file for reading alone, so that a read-only directory will do. What is not a regular file is not
     * opened: a FIFO would wait for its other end.
     *
     * @throws java.nio.file.NoSuchFileException if there is none of that name, and for no other reason: the log takes it for
     *     missing then
     */
    StorageFile openForReading(String name) throws IOException;

    /** Gives a file another name; an existing file of that name is replaced. Atomic. */
    void rename(String from, String to) throws IOException;

    /** Removes a file. */
    void delete(String name) throws IOException;

    /** Makes all names created, changed and removed so far durable. */
    void forceDirectory() throws IOException;

    /** Bytes that can still be written. */
    long usableBytes() throws IOException;

    /**
     * Takes the exclusive lock of that name, and writes into it who holds it.
     *
     * @throws WalLockedException if anybody holds it, in this process or another; the message names the holder
     */
    StorageLock lock(String name) throws IOException;

    /** Whether anybody holds the lock of that name. Never disturbs the holder and creates nothing. */
    boolean isLocked(String name) throws IOException;
}
