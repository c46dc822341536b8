package io.veloz.wal.storage;

import io.veloz.wal.WalOpenException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A storage in a directory of the file system. Any thread may use it. */
public final class DiskStorage implements Storage {
    /** An I/O error without a known cause is treated as a full disk if less space is left. */
    private static final long NO_ROOM_BYTES = 64 * 1024;

    private final Path directory;

    private DiskStorage(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens a directory, and creates it if it does not exist. When this returns, a new directory is durable: every parent
     * with a new entry has been forced (fsync).
     *
     * @throws WalOpenException if the path is not a directory, or cannot be created
     */
    public static DiskStorage createOrOpen(Path directory) {
        Path path = directory.toAbsolutePath().normalize();
        try {
            // On a separate thread, because an interrupt of the caller would close the channel that is forced.
            UninterruptibleThread.call("veloz-wal-open " + path, () -> {
                createDurably(path, DiskStorage::forceDirectory);
                return path;
            });
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new WalOpenException("cannot create directory " + path + ": " + e, e);
        }
        return open(path);
    }

    /**
     * Opens an existing directory.
     *
     * @throws WalOpenException if the path is not a directory
     */
    public static DiskStorage open(Path directory) {
        try {
            // The real path, so that a directory that is reached through a link is recognised as the same.
            Path real = directory.toRealPath();
            if (!Files.isDirectory(real)) {
                throw new WalOpenException(directory + " is not a directory", null);
            }
            return new DiskStorage(real);
        } catch (IOException e) {
            throw new WalOpenException("cannot open directory " + directory + ": " + e, e);
        }
    }

    /** Makes the names in a directory durable. */
    @FunctionalInterface
    interface DirectoryForce {
        void force(Path directory) throws IOException;
    }

    /** Creates directories from the outermost inwards. Each one is durable before the next is created. */
    static void createDurably(Path path, DirectoryForce force) throws IOException {
        Path parent = path.getParent();
        if (Files.exists(path)) {
            forceEntry(parent, force);
            return;
        }
        if (parent != null) {
            createDurably(parent, force);
        }
        Files.createDirectories(path);
        if (parent != null) {
            force.force(parent);
        }
    }

    /** Forces the entry of an existing directory, because the process that created it may have died before the force. */
    private static void forceEntry(@Nullable Path parent, DirectoryForce force) throws IOException {
        if (parent == null) {
            return;
        }
        try {
            force.force(parent);
        } catch (AccessDeniedException e) {
            // This user cannot read the parent, so a process with other permissions created the directory.
        }
    }

    private static void forceDirectory(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Returns the real path of the directory. */
    public Path directory() {
        return directory;
    }

    @Override
    public String describe() {
        return directory.toString();
    }

    @Override
    public List<String> list() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                if (Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
                    names.add(entry.getFileName().toString());
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return names;
    }

    @Override
    public boolean exists(String name) throws IOException {
        try {
            Path path = directory.resolve(name);
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isRegularFile();
        } catch (NoSuchFileException e) {
            if (!Files.isDirectory(directory)) {
                // The directory is gone. That a file is missing in it would be a wrong answer.
                throw e;
            }
            return false;
        }
    }

    @Override
    public Map<String, String> irregular() throws IOException {
        Map<String, String> kinds = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String kind = kind(entry);
                if (!kind.isEmpty()) {
                    kinds.put(entry.getFileName().toString(), kind);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return kinds;
    }

    /** Returns the kind of an irregular file; empty for a regular file or a file that does not exist. */
    private static String kind(Path entry) throws IOException {
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isRegularFile()) {
                return "";
            }
            return attributes.isDirectory()
                    ? "a directory"
                    : attributes.isSymbolicLink() ? "a symbolic link" : "a FIFO, socket or device";
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    private Path regular(String name) throws IOException {
        Path path = directory.resolve(name);
        String kind = kind(path);
        if (!kind.isEmpty()) {
            throw new FileSystemException(path.toString(), null, "is " + kind + "; expected a regular file");
        }
        return path;
    }

    @Override
    public StorageFile create(String name) throws IOException {
        return channelFile(name, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    @Override
    public StorageFile open(String name) throws IOException {
        regular(name);
        return channelFile(name, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        return new ReadOnlyDiskFile(regular(name));
    }

    private StorageFile channelFile(String name, StandardOpenOption... options) throws IOException {
        try {
            return new DiskFile(this, directory.resolve(name), options);
        } catch (IOException e) {
            throw translate(e, null);
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        try {
            Files.move(directory.resolve(from), directory.resolve(to), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw translate(e, null);
        }
    }

    @Override
    public void delete(String name) throws IOException {
        Files.delete(directory.resolve(name));
    }

    @Override
    public void forceDirectory() throws IOException {
        forceDirectory(directory);
    }

    @Override
    public long usableBytes() throws IOException {
        return Files.getFileStore(directory).getUsableSpace();
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        return DiskLock.take(directory, name);
    }

    @Override
    public boolean isLocked(String name) throws IOException {
        return DiskLock.isHeld(directory, name);
    }

    /**
     * Translates an exception to {@link StorageFullException} if the disk is full. It is recognised by the operating
     * system's messages for ENOSPC and EDQUOT, or, if these are localised, by the space that is left.
     */
    IOException translate(IOException e, @Nullable Path file) {
        String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        boolean full = text.contains("no space left") || text.contains("quota exceeded");
        if (!full && e.getClass() == IOException.class) {
            try {
                full = usableBytes() < NO_ROOM_BYTES;
            } catch (IOException unknown) {
                e.addSuppressed(unknown);
            }
        }
        if (full) {
            return new StorageFullException((file == null ? directory : file) + ": " + e.getMessage(), e);
        }
        return e;
    }
}
