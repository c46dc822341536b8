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
 * Which directory the root of a store is: device and inode, and a marker file in it that is written once. Any thread may
 * call any method.
 *
 * <p>A path is not enough: when a disk is unmounted, the same path is a directory of the disk below, where objects would be
 * written that are not in the archive. So a root that was seen once must be the same one at every request, and is never
 * made again. A root that did not exist yet is made only where the directory above it is the one that was there when the
 * store was opened. The marker tells two directories apart that have the same inode number one after the other.
 */
final class DirectoryRoot {
    static final String MARKER = ".store-id";
    private static final int MARKER_MAX_BYTES = 64;

    private final Path path;

    // All guarded by this.
    /** Device and inode; null until the root was seen. */
    private @Nullable Object key;

    private @Nullable String marker;

    /** The nearest directory above a root that does not exist yet. */
    private @Nullable Path base;

    private @Nullable Object baseKey;

    DirectoryRoot(Path path) {
        this.path = path;
        try {
            findBase();
        } catch (IOException e) {
            // The first request meets the same error, and reports it.
        }
    }

    /** Whether the root has been seen: then it is never made again. */
    synchronized boolean isKnown() {
        return key != null;
    }

    synchronized boolean isMarked() {
        return marker != null;
    }

    /**
     * Compares the root with the one that was seen first.
     *
     * @return false if there is none yet, and there never was one
     * @throws StoreUnavailableException if it is missing, or is another directory now
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
        String there = readMarker();
        if (marker == null) {
            marker = there;
        } else if (!marker.equals(there)) {
            throw replaced(path, MARKER + " " + marker, there == null ? "no " + MARKER : there);
        }
        return true;
    }

    StoreUnavailableException missing() {
        return new StoreUnavailableException(
                "the archive's directory " + path
                        + " existed, and is missing: is its disk unmounted? Nothing was written"
                        + " in its place; shipping continues when it is back",
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
            Object there = keyOf(each);
            if (there != null) {
                base = each;
                baseKey = there;
                return;
            }
        }
        throw new IOException("nothing exists on the way to " + path);
    }

    private static StoreUnavailableException replaced(Path path, Object expected, Object found) {
        return new StoreUnavailableException(
                path + " is another directory than when the store was opened (expected " + expected + ", found " + found
                        + "): is a disk unmounted, or mounted over it? Nothing was written there. Put the first one back,"
                        + " or open the store anew, if this one is right",
                null);
    }

    /** Null if there is nothing of that name. */
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

    /** By a stream that an interrupt of the caller does not close, unlike a channel. */
    private @Nullable String readMarker() throws IOException {
        Path file = path.resolve(MARKER);
        try (InputStream in = new FileInputStream(file.toFile())) {
            return new String(in.readNBytes(MARKER_MAX_BYTES), StandardCharsets.US_ASCII).strip();
        } catch (FileNotFoundException e) {
            // Also thrown for too many open files and for missing rights.
            if (Files.notExists(file, LinkOption.NOFOLLOW_LINKS)) {
                return null;
            }
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
    }
}
