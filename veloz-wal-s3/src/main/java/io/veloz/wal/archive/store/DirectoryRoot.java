package io.veloz.wal.archive.store;

import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The identity of a store's root directory: device and inode, and a marker file that is written once. Thread-safe.
 *
 * <p>A path is not sufficient. When a disk is unmounted, the same path is a directory of the parent file system, and
 * objects written there would not be in the archive. A root that was found once must therefore be the same directory at
 * every request, and is never created again. A missing root is created only if its nearest existing parent is still the
 * directory that existed when the store was opened. The marker distinguishes two directories that reuse an inode number.
 */
final class DirectoryRoot {
    static final String MARKER = ".store-id";
    private static final int MARKER_MAX_BYTES = 64;

    private final Path path;

    // All guarded by this.
    /** Device and inode; null until the root is found. */
    private @Nullable Object key;

    private @Nullable String marker;

    /** The nearest existing parent of a root that does not exist yet. */
    private @Nullable Path base;

    private @Nullable Object baseKey;

    DirectoryRoot(Path path) {
        this.path = path;
        try {
            findBase();
        } catch (IOException e) {
            // The first request encounters and reports the same error.
        }
    }

    /** Whether the root has been found. It is never created again after that. */
    synchronized boolean isKnown() {
        return key != null;
    }

    synchronized boolean isMarked() {
        return marker != null;
    }

    /**
     * Compares the root with the one that was found first.
     *
     * @return false if the root does not exist and never existed
     * @throws StoreUnavailableException if the root is missing now, or is another directory
     */
    synchronized boolean check() throws IOException {
        Object now = keyOf(path);
        if (key == null) {
            checkBase();
            if (now == null) {
                return false;
            }
            key = now;
            marker = readMarker();
            return true;
        }
        if (now == null) {
            throw missing();
        }
        if (!now.equals(key)) {
            throw replaced(path, key, now);
        }
        String found = readMarker();
        if (marker == null) {
            marker = found;
        } else if (!marker.equals(found)) {
            throw replaced(path, MARKER + " " + marker, found == null ? "no " + MARKER : found);
        }
        return true;
    }

    StoreUnavailableException missing() {
        return new StoreUnavailableException(
                "the archive directory " + path
                        + " existed and is missing: is its disk unmounted? Nothing was written"
                        + " to that path; shipping continues when the directory is back",
                null);
    }

    private void checkBase() throws IOException {
        if (base == null) {
            findBase();
            return;
        }
        Object now = keyOf(base);
        if (!Objects.equals(baseKey, now)) {
            throw replaced(base, Objects.requireNonNull(baseKey), now == null ? "nothing" : now);
        }
    }

    private void findBase() throws IOException {
        for (Path each = path; each != null; each = each.getParent()) {
            Object found = keyOf(each);
            if (found != null) {
                base = each;
                baseKey = found;
                return;
            }
        }
        throw new IOException("no parent of " + path + " exists");
    }

    private static StoreUnavailableException replaced(Path path, Object expected, Object found) {
        return new StoreUnavailableException(
                path + " is another directory than when the store was opened (expected " + expected + ", found " + found
                        + "): was a disk unmounted, or mounted over it? Nothing was written there. Restore the original"
                        + " directory, or reopen the store if this one is correct",
                null);
    }

    /** Null if the path does not exist. */
    private static @Nullable Object keyOf(Path path) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            Object key = attributes.fileKey();
            return key == null ? "no inode" : key;
        } catch (IOException e) {
            if (DirectoryErrors.meansMissing(e)) {
                return null;
            }
            throw e;
        }
    }

    /** Reads with a stream: unlike a channel, it is not closed by an interrupt of the caller. */
    private @Nullable String readMarker() throws IOException {
        Path file = path.resolve(MARKER);
        try (InputStream in = new FileInputStream(file.toFile())) {
            return new String(in.readNBytes(MARKER_MAX_BYTES), StandardCharsets.US_ASCII).strip();
        } catch (FileNotFoundException e) {
            // Also thrown for too many open files and for missing permissions.
            if (Files.notExists(file, LinkOption.NOFOLLOW_LINKS)) {
                return null;
            }
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
    }
}
