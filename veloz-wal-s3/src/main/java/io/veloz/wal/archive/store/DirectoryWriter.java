package io.veloz.wal.archive.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Creates and deletes the files of a {@link DirectoryStore}, and makes them durable. Thread-safe; the calling threads must
 * not be interrupted.
 *
 * <p>A put writes a file in {@code .partial} and forces it. A hard link gives the file its name, which succeeds for one of
 * several writers only. Then the directory is forced. A file system without hard links is rejected.
 *
 * <table>
 * <caption>Crash table</caption>
 * <tr><th>crash after</th><th>state</th><th>consequence</th></tr>
 * <tr><td>writing or forcing the partial file</td><td>a file in {@code .partial}</td><td>it is never listed, and is
 *     deleted when it is a day old</td></tr>
 * <tr><td>the link</td><td>the complete object or, after a power failure, possibly none</td><td>the put has not returned.
 *     The bytes were forced before the link, so the object is never partial. The next put into the directory forces it,
 *     which makes both names durable</td></tr>
 * <tr><td>the force of the directory</td><td>the object, durable, and its second name in {@code .partial}</td><td>as in
 *     the first row</td></tr>
 * <tr><td>creating a directory</td><td>possibly an empty directory</td><td>the next store forces the parents again before
 *     its first put returns</td></tr>
 * <tr><td>a delete</td><td>after a power failure, possibly the object again</td><td>as if it had not been
 *     deleted</td></tr>
 * </table>
 *
 * <p>After the force of a directory has failed, an object may be visible and still disappear, and no later force can be
 * trusted: {@link #checkForces} fails until the store is reopened. An error while a directory is opened (too many open
 * files) is not a failed force; the next put opens and forces the directory again.
 */
final class DirectoryWriter {
    private static final String PARTIAL = ".partial";
    private static final Duration PARTIAL_MAX_AGE = Duration.ofDays(1);

    /**
     * Forces a file or a directory (fsync). Open and force are separate, because only a failed force leaves a state that no
     * later force can repair. Tests inject failures here.
     */
    interface Force {
        Force REAL = (channel, path) -> channel.force(true);

        default FileChannel open(Path path) throws IOException {
            return FileChannel.open(path, StandardOpenOption.READ);
        }

        void force(FileChannel channel, Path path) throws IOException;
    }

    private final Path root;
    private final DirectoryRoot identity;
    private final Force force;
    private final AtomicBoolean swept = new AtomicBoolean();

    /** Directories whose names are durable, up to the root of the file system. */
    private final Set<Path> anchored = ConcurrentHashMap.newKeySet();

    private volatile @Nullable IOException forceFailure;

    DirectoryWriter(Path root, DirectoryRoot identity, Force force) {
        this.root = root;
        this.identity = identity;
        this.force = force;
    }

    /** @throws StoreException if the force of a directory has failed before */
    void checkForces() throws StoreException {
        IOException failure = forceFailure;
        if (failure != null) {
            throw new StoreException(
                    "a force failed in " + root + " (" + failure.getMessage() + "): visible objects may not be on disk;"
                            + " check the disk, then reopen the store",
                    failure);
        }
    }

    /**
     * Creates an object unless it exists. Returns when it is durable. The root is compared again at the end, so that a put
     * counts only if it used the right directory throughout.
     */
    boolean create(Path target, String key, ObjectContent content) throws IOException {
        boolean created;
        Path directory = parent(target);
        if (identity.check() && exists(target, key)) {
            // The writer that created it may have crashed before the force.
            anchor(directory);
            forceNames(directory);
            created = false;
        } else {
            anchor(root);
            identity.check();
            if (!identity.isMarked()) {
                ObjectContent id = ObjectContent.of((UUID.randomUUID() + "\n").getBytes(StandardCharsets.US_ASCII));
                var unused = link(root.resolve(DirectoryRoot.MARKER), DirectoryRoot.MARKER, id);
            }
            anchor(directory);
            created = link(target, key, content);
        }
        identity.check();
        return created;
    }

    /** Deletes the files that exist. Returns when that is durable. */
    void delete(List<Path> files) throws IOException {
        identity.check();
        Set<Path> directories = ConcurrentHashMap.newKeySet();
        for (Path file : files) {
            delete(file, directories);
        }
        for (Path directory : directories) {
            forceNames(directory);
        }
    }

    private static void delete(Path file, Set<Path> directories) throws IOException {
        try {
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.deleteIfExists(file)) {
                directories.add(parent(file));
            }
        } catch (IOException e) {
            if (!DirectoryErrors.meansMissing(e)) {
                throw e;
            }
        }
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new AssertionError(path + " is below the root of a store");
        }
        return parent;
    }

    private static boolean exists(Path target, String key) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        if (!Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new StoreException(target + " is not a regular file; \"" + key + "\" cannot be an object", null);
        }
        return true;
    }

    // ---- files

    /** Writes, forces and names a file. Its directory exists and is durable. */
    private boolean link(Path target, String key, ObjectContent content) throws IOException {
        Path partials = partials();
        sweep(partials);
        Path partial = partials.resolve(UUID.randomUUID().toString());
        try {
            write(partial, key, content);
            force(partial);
            boolean created = name(partial, target, key);
            forceNames(parent(target));
            return created;
        } finally {
            deleteQuietly(partial);
        }
    }

    private Path partials() throws IOException {
        Path partials = root.resolve(PARTIAL);
        try {
            // Without its parents: a root that is missing now must not be created again.
            Files.createDirectory(partials);
        } catch (FileAlreadyExistsException e) {
            // From an earlier put. If it is not a directory, the write into it fails.
        }
        return partials;
    }

    /** Does not force. */
    private static void write(Path partial, String key, ObjectContent content) throws IOException {
        long written;
        try (OutputStream out =
                Files.newOutputStream(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            try (InputStream in = content.open()) {
                written = in.transferTo(out);
            }
        }
        if (written != content.length()) {
            throw new StoreException(
                    "content of \"" + key + "\" has " + written + " bytes, expected " + content.length(), null);
        }
    }

    private boolean name(Path partial, Path target, String key) throws IOException {
        try {
            Files.createLink(target, partial);
            return true;
        } catch (FileAlreadyExistsException e) {
            // The same file: a network file system created the link, lost the response and retried.
            return exists(target, key) && Files.isSameFile(partial, target);
        } catch (UnsupportedOperationException e) {
            throw noLinks(e);
        } catch (NoSuchFileException | AccessDeniedException e) {
            throw e;
        } catch (FileSystemException e) {
            String reason = String.valueOf(e.getReason());
            if (reason.contains("not permitted") || reason.contains("not supported")) {
                throw noLinks(e);
            }
            throw e;
        }
    }

    private StoreException noLinks(Exception e) {
        return new StoreException(
                "the file system of " + root + " has no hard links (" + e.getMessage()
                        + "), and without them two writers could both create an object; expected a local file system"
                        + " such as ext4 or xfs, or NFS",
                e);
    }

    /**
     * Deletes the leftovers of crashes. If a writer still uses one of the files, its put fails as unavailable and is
     * retried.
     */
    private void sweep(Path partials) throws IOException {
        if (swept.getAndSet(true)) {
            return;
        }
        Instant limit = Instant.now().minus(PARTIAL_MAX_AGE);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(partials)) {
            for (Path file : files) {
                BasicFileAttributes attributes =
                        Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                if (attributes.lastModifiedTime().toInstant().isBefore(limit)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        } catch (NoSuchFileException e) {
            // Another process sweeps concurrently.
        }
    }

    private static void deleteQuietly(Path partial) {
        try {
            Files.deleteIfExists(partial);
        } catch (IOException e) {
            // A later sweep deletes it. The outcome of the put is more important.
        }
    }

    // ---- directories

    /** Creates a directory, and makes all names on its path durable, once in the life of this store. */
    private void anchor(Path directory) throws IOException {
        if (anchored.contains(directory) && Files.isDirectory(directory)) {
            return;
        }
        Path above = directory.getParent();
        if (above == null) {
            return;
        }
        boolean isNew = !Files.isDirectory(directory);
        if (isNew && identity.isKnown() && root.startsWith(directory)) {
            throw identity.missing();
        }
        anchor(above);
        if (isNew) {
            try {
                Files.createDirectory(directory);
            } catch (FileAlreadyExistsException e) {
                if (!Files.isDirectory(directory)) {
                    throw new StoreException(directory + " is a file; expected a directory", e);
                }
            }
        }
        try {
            forceNames(above);
        } catch (AccessDeniedException e) {
            if (isNew || above.startsWith(root)) {
                throw e;
            }
            // A directory of another user. A process without read permission has created nothing in it.
        }
        anchored.add(directory);
    }

    private void force(Path path) throws IOException {
        try (FileChannel channel = force.open(path)) {
            force.force(channel, path);
        }
    }

    private void forceNames(Path directory) throws IOException {
        try (FileChannel channel = force.open(directory)) {
            try {
                force.force(channel, directory);
            } catch (IOException e) {
                // Only for the force itself: opening and closing the directory can fail and be retried.
                forceFailure = e;
                throw e;
            }
        }
    }
}
