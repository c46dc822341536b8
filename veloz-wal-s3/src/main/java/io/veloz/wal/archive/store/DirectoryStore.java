package io.veloz.wal.archive.store;

import io.veloz.wal.storage.UninterruptibleThread;
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
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Objects as files below a directory: the key is the path. Any thread, and any number of processes, may use it; an
 * interrupt harms nothing.
 *
 * <p>A put writes a file in {@code .partial}, forces it, and gives it its name by a hard link, which only one of several
 * writers gets; then the directory is forced. A file system without hard links is refused.
 *
 * <table>
 * <caption>A crash, and what is there afterwards</caption>
 * <tr><th>after</th><th>there is</th><th>so</th></tr>
 * <tr><td>writing or forcing the partial file</td><td>a file in {@code .partial}</td><td>nobody lists it; it is removed
 *     when a day old</td></tr>
 * <tr><td>the link</td><td>the whole object or, after a power cut, perhaps none</td><td>nobody was told that it is
 *     stored. Its bytes were forced before it got a name, so it is never half. Whoever finds it, puts into the same
 *     directory next, and that force makes both durable</td></tr>
 * <tr><td>the force of the directory</td><td>the object, for ever, and its second name in {@code .partial}</td><td>as
 *     in the first row</td></tr>
 * <tr><td>making a new directory</td><td>an empty directory, perhaps</td><td>its parents are forced again before the
 *     first put of whoever comes next returns</td></tr>
 * <tr><td>a delete</td><td>after a power cut perhaps the object, again</td><td>as if it had not been deleted</td></tr>
 * </table>
 *
 * <p>When the force of a directory fails, then an object is seen that may vanish, and no later force can be believed: the
 * store refuses everything until it is opened anew. A directory that cannot even be opened (too many open files) is not a
 * failed force: the next put opens and forces it.
 *
 * <p>The root must stay the directory that it was ({@link DirectoryRoot}): when its disk is unmounted, every request is a
 * {@link StoreUnavailableException}, and nothing is written to the disk below.
 *
 * <p>A key cannot be a directory of other keys at the same time: with "a/b" there is no "a".
 */
public final class DirectoryStore implements ObjectStore {
    private static final String PARTIAL = ".partial";
    private static final Duration PARTIAL_KEPT = Duration.ofDays(1);

    private final Path root;
    private final DirectoryRoot identity;
    private final DirectoryForce force;
    private final DirectoryListings listings;
    private final AtomicBoolean swept = new AtomicBoolean();

    /** Directories whose names are durable, all the way up. */
    private final Set<Path> anchored = ConcurrentHashMap.newKeySet();

    private volatile boolean isClosed;
    private volatile @Nullable IOException forceFailure;

    /** Opens a store in a directory, which the first put makes if it is not there. */
    public DirectoryStore(Path root) {
        this(root, DirectoryForce.REAL, DirectoryListings.WINDOW_ENTRIES);
    }

    DirectoryStore(Path root, DirectoryForce force, int windowEntries) {
        this.root = root.toAbsolutePath().normalize();
        this.identity = new DirectoryRoot(this.root);
        this.force = force;
        this.listings = new DirectoryListings(this.root, windowEntries, System::nanoTime);
    }

    @Override
    public String describe() {
        return "file://" + root;
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        Path target = path(key);
        boolean created = onOwnThread("put " + key, () -> create(target, key, content));
        // Only now: a listing that began meanwhile may not have seen it.
        listings.forget();
        return created;
    }

    /** The root is compared again at the end: a put counts only if it went into the right directory from first to last. */
    private boolean create(Path target, String key, ObjectContent content) throws IOException {
        boolean created;
        Path directory = parent(target);
        if (identity.check() && isThere(target, key)) {
            // Who made it may not have come as far as the force.
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

    /** Writes, forces, and names a file. The directory that it gets its name in is there, and durable. */
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
            removeLater(partial);
        }
    }

    private Path partials() throws IOException {
        Path partials = root.resolve(PARTIAL);
        try {
            // Not with its parents: a root that is missing now is not made again.
            Files.createDirectory(partials);
        } catch (FileAlreadyExistsException e) {
            // From an earlier put. If it is no directory, the write into it says so.
        }
        return partials;
    }

    private static boolean isThere(Path target, String key) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        if (!Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new StoreException(target + " is no file; \"" + key + "\" cannot be an object", null);
        }
        return true;
    }

    /** Not forced yet. */
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
                    "content of \"" + key + "\" gave " + written + " bytes, expected " + content.length(), null);
        }
    }

    private boolean name(Path partial, Path target, String key) throws IOException {
        try {
            Files.createLink(target, partial);
            return true;
        } catch (FileAlreadyExistsException e) {
            // The same file: a network file system made the link, lost the answer, and asked again.
            return isThere(target, key) && Files.isSameFile(partial, target);
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
                        + "), and without them two writers"
                        + " could both win; expected a local one such as ext4 or xfs, or NFS",
                e);
    }

    /** Makes the directory, and all names on the way to it durable, once in the life of this store. */
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
            // Not ours, then, and nobody without the right to read there made a directory in it.
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
                // Only of the force itself: to open the directory, and to close it, may fail and be repeated.
                forceFailure = e;
                throw e;
            }
        }
    }

    /** Leftovers of crashes. Harmless to whoever is still writing one: he is told that it is gone, and writes it again. */
    private void sweep(Path partials) throws IOException {
        if (swept.getAndSet(true)) {
            return;
        }
        Instant limit = Instant.now().minus(PARTIAL_KEPT);
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
            // Another process sweeps, too.
        }
    }

    private static void removeLater(Path partial) {
        try {
            Files.deleteIfExists(partial);
        } catch (IOException e) {
            // The sweep of another day does it; what the put has to say is more important.
        }
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        Path path = path(key);
        checkUsable();
        try {
            identity.check();
            BasicFileAttributes attributes =
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isRegularFile()) {
                return Optional.of(new StoredObject(key, attributes.size()));
            }
        } catch (IOException e) {
            if (!DirectoryErrors.meansMissing(e)) {
                throw DirectoryErrors.told("look at \"" + key + "\"", root, e);
            }
        }
        try {
            // Missing in this directory, or is it the directory that went?
            identity.check();
        } catch (IOException e) {
            throw DirectoryErrors.told("look at \"" + key + "\"", root, e);
        }
        return Optional.empty();
    }

    @Override
    public InputStream get(String key) throws StoreException {
        return get(key, 0, Long.MAX_VALUE);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        if (from < 0 || length < 0) {
            throw new IllegalArgumentException(
                    "range from " + from + ", " + length + " bytes: expected no negative one");
        }
        if (head(key).isEmpty()) {
            throw missing(key, null);
        }
        try {
            return new FileObjectStream(path(key), from, length);
        } catch (IOException e) {
            if (head(key).isEmpty()) {
                throw missing(key, e);
            }
            throw DirectoryErrors.told("read \"" + key + "\"", root, e);
        }
    }

    private NoSuchObjectException missing(String key, @Nullable IOException e) {
        return new NoSuchObjectException("there is no object \"" + key + "\" in " + describe(), e);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        checkUsable();
        try {
            identity.check();
            List<StoredObject> page = listings.page(prefix, afterKey);
            identity.check();
            return page;
        } catch (IOException e) {
            throw DirectoryErrors.told("list \"" + prefix + "\"", root, e);
        }
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        List<Path> paths = keys.stream().map(this::path).toList();
        onOwnThread("delete " + paths.size() + " objects", () -> {
            identity.check();
            Set<Path> directories = ConcurrentHashMap.newKeySet();
            for (Path path : paths) {
                remove(path, directories);
            }
            for (Path directory : directories) {
                forceNames(directory);
            }
            return true;
        });
        listings.forget();
    }

    private static void remove(Path path, Set<Path> directories) throws IOException {
        try {
            if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && Files.deleteIfExists(path)) {
                directories.add(parent(path));
            }
        } catch (IOException e) {
            if (!DirectoryErrors.meansMissing(e)) {
                throw e;
            }
        }
    }

    /** Because an interrupt of the caller would close the channels of the task. */
    private boolean onOwnThread(String what, Callable<Boolean> task) throws StoreException {
        checkUsable();
        try {
            return UninterruptibleThread.call("veloz-wal-store " + root, task);
        } catch (RuntimeException e) {
            throw e;
        } catch (IOException e) {
            throw DirectoryErrors.told(what, root, e);
        } catch (Exception e) {
            throw new StoreException("cannot " + what + " in " + root + ": " + e, e);
        }
    }

    private void checkUsable() throws StoreException {
        if (isClosed) {
            throw new IllegalStateException("the store " + describe() + " is closed");
        }
        IOException failure = forceFailure;
        if (failure != null) {
            throw new StoreException(
                    "a force failed in " + root + " (" + failure.getMessage() + "): what is seen there may not be on"
                            + " disk; check the disk, then open the store anew",
                    failure);
        }
    }

    private Path path(String key) {
        return root.resolve(ObjectKeys.require(key));
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new AssertionError(path + " is below the root of a store");
        }
        return parent;
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
