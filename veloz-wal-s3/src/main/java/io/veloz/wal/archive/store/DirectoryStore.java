package io.veloz.wal.archive.store;

import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * A store whose objects are files below a directory; the key is the relative path. Thread-safe, also for several processes
 * and interrupted threads.
 *
 * <p>A put is atomic and durable: {@link DirectoryWriter} has the protocol and its crash table. The file system must
 * support hard links. After the force of a directory has failed, every request fails until the store is reopened.
 *
 * <p>The root must remain the same directory ({@link DirectoryRoot}). While its disk is unmounted, every request is a
 * {@link StoreUnavailableException}, and nothing is written to the file system below the mount point.
 *
 * <p>A key cannot be a directory of other keys at the same time: if "a/b" exists, "a" cannot.
 */
public final class DirectoryStore implements ObjectStore {
    private final Path root;
    private final DirectoryRoot identity;
    private final DirectoryWriter writer;
    private final ListingCache listings;
    private volatile boolean isClosed;

    /** Opens a store in a directory. The first put creates the directory if it does not exist. */
    public DirectoryStore(Path root) {
        this(root, DirectoryWriter.Force.REAL, ListingCache.WINDOW_ENTRIES);
    }

    DirectoryStore(Path root, DirectoryWriter.Force force, int windowEntries) {
        this.root = root.toAbsolutePath().normalize();
        this.identity = new DirectoryRoot(this.root);
        this.writer = new DirectoryWriter(this.root, identity, force);
        this.listings = new ListingCache(this.root, windowEntries, System::nanoTime);
    }

    @Override
    public String describe() {
        return "file://" + root;
    }

    @Override
    public String toString() {
        return describe();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        Path target = path(key);
        boolean created = runUninterruptibly("put " + key, () -> writer.create(target, key, content));
        // After the put: a listing that began during it may not contain the object.
        listings.invalidate();
        return created;
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
                throw DirectoryErrors.translate("read the size of \"" + key + "\"", root, e);
            }
        }
        try {
            // Distinguishes a missing object from a missing root.
            identity.check();
        } catch (IOException e) {
            throw DirectoryErrors.translate("read the size of \"" + key + "\"", root, e);
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
                    "range from " + from + ", " + length + " bytes: expected values of at least 0");
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
            throw DirectoryErrors.translate("read \"" + key + "\"", root, e);
        }
    }

    private NoSuchObjectException missing(String key, @Nullable IOException e) {
        return new NoSuchObjectException("object \"" + key + "\" does not exist in " + describe(), e);
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
            throw DirectoryErrors.translate("list \"" + prefix + "\"", root, e);
        }
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        List<Path> paths = keys.stream().map(this::path).toList();
        runUninterruptibly("delete " + paths.size() + " objects", () -> {
            writer.delete(paths);
            return true;
        });
        listings.invalidate();
    }

    /** Runs a task on another thread, because an interrupt of the caller would close its channels. */
    private boolean runUninterruptibly(String what, Callable<Boolean> task) throws StoreException {
        checkUsable();
        try {
            return UninterruptibleThread.call("veloz-wal-store " + root, task);
        } catch (RuntimeException e) {
            throw e;
        } catch (IOException e) {
            throw DirectoryErrors.translate(what, root, e);
        } catch (Exception e) {
            throw new StoreException("cannot " + what + " in " + root + ": " + e, e);
        }
    }

    private void checkUsable() throws StoreException {
        if (isClosed) {
            throw new IllegalStateException("the store " + describe() + " is closed");
        }
        writer.checkForces();
    }

    private Path path(String key) {
        return root.resolve(ObjectKeys.require(key));
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
