package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A file of the log as the objects in which it is uploaded: one, or several parts. The first read determines all sizes and
 * digests, and every later read returns the same bytes or fails. Thread-safe.
 *
 * <p>Each part is an object of its own, put if absent. None of them counts before a slot states all of them, so the parts of an
 * upload that was cut are never used by another epoch: its janitor may be deleting them.
 *
 * <table>
 * <caption>An upload in parts that is cut</caption>
 * <tr><td>cut at</td><td>the archive contains</td><td>next</td></tr>
 * <tr><td>any put, which failed</td><td>some parts</td><td>the same process puts those again that are not confirmed</td></tr>
 * <tr><td>any put, whose answer is lost</td><td>some parts, that one included</td><td>the put is refused, and the part is compared
 * by its digest</td></tr>
 * <tr><td>any put, and the process ends</td><td>some parts of its epoch that no slot names</td><td>the next epoch puts parts of its
 * own; retention deletes these</td></tr>
 * <tr><td>all parts are put, and the process ends</td><td>the same</td><td>the same</td></tr>
 * </table>
 */
final class FileUpload {
    private final String key;
    private final List<FileObject> objects;
    private final boolean inParts;
    private final long fileBytes;
    private final String fileSha256;
    private final @Nullable Encryption encryption;

    /** The keys of the parts that the store has confirmed. */
    private final Set<String> confirmed = ConcurrentHashMap.newKeySet();

    private FileUpload(
            String key,
            List<FileObject> objects,
            boolean inParts,
            long fileBytes,
            String fileSha256,
            @Nullable Encryption encryption) {
        this.key = key;
        this.objects = List.copyOf(objects);
        this.inParts = inParts;
        this.fileBytes = fileBytes;
        this.fileSha256 = fileSha256;
        this.encryption = encryption;
    }

    /** Supplies data keys, each of which encrypts one object or keys one digest. */
    @FunctionalInterface
    interface NextKey {
        /** Returns the next one; null to encrypt nothing. */
        @Nullable
        DataKey next() throws IOException;
    }

    /**
     * Reads the file once.
     *
     * @param key of the object, or from which those of its parts follow
     * @param keys one for the object; of a file in parts, the first one for the digest of the file, then one for each part
     */
    static FileUpload read(
            LogFiles files, String file, RateLimiter limiter, String key, PartLayout layout, NextKey keys)
            throws IOException {
        if (layout.isWhole()) {
            FileObject object = FileObject.read(
                    FileObject.Range.whole(files, file), FileObject.Bytes.IGNORED, limiter, key, keys.next());
            return new FileUpload(
                    key, List.of(object), false, object.fileBytes(), object.fileSha256(), object.encryption());
        }
        @Nullable DataKey digestKey = keys.next();
        ContentDigest whole = digestKey == null ? ContentDigest.plain() : digestKey.digest();
        FileObject.Bytes seen = (bytes, length) -> whole.update(bytes, 0, length);
        long size = size(files, file);
        int count = layout.parts(size);
        List<FileObject> parts = new ArrayList<>();
        for (int number = 1; number <= count; number++) {
            long from = (number - 1) * layout.partBytes();
            FileObject.Range range = new FileObject.Range(files, file, from, Math.min(size, from + layout.partBytes()));
            String partKey = ArchiveKeys.part(key, number, count);
            parts.add(FileObject.read(range, seen, limiter, partKey, keys.next()));
        }
        return new FileUpload(
                key,
                parts,
                true,
                parts.stream().mapToLong(FileObject::fileBytes).sum(),
                whole.hex(),
                digestKey == null ? null : digestKey.encryption());
    }

    private static long size(LogFiles files, String file) throws IOException {
        try (StorageFile opened = files.storage().openForReading(file)) {
            return opened.size();
        }
    }

    long fileBytes() {
        return fileBytes;
    }

    /** Returns whether the same bytes have to be sent again after a failure, or need not be. */
    boolean isKept() {
        return encryption != null || inParts;
    }

    /** Returns whether the file was replaced, so that every further read fails. */
    boolean wasReplaced() {
        return objects.stream().anyMatch(FileObject::wasReplaced);
    }

    /** Returns what a slot states of the file when all its objects are stored. */
    StoredFile stated() {
        List<StoredFrame> frames = objects.stream().map(FileObject::frame).toList();
        if (!inParts) {
            StoredFrame one = frames.get(0);
            return new StoredFile(key, one.objectBytes(), one.objectSha256(), fileBytes, fileSha256, encryption);
        }
        long objectBytes = frames.stream().mapToLong(StoredFrame::objectBytes).sum();
        return new StoredFile(key, objectBytes, StoredFrame.digest(frames), fileBytes, fileSha256, encryption, frames);
    }

    /**
     * Puts the objects that are not confirmed yet. An object that exists can only be of this epoch: an earlier attempt whose
     * response was lost. It is read back nevertheless.
     *
     * @param executor runs some parts at the same time
     */
    void put(ObjectStore store, Executor executor) throws IOException {
        List<FileObject> left = objects.stream()
                .filter(object -> !confirmed.contains(object.key()))
                .toList();
        PartLanes.forEach(left, executor, object -> {
            put(store, object);
            confirmed.add(object.key());
        });
    }

    private static void put(ObjectStore store, FileObject object) throws IOException {
        if (store.putIfAbsent(object.key(), object)) {
            return;
        }
        String found;
        try (InputStream in = store.get(object.key())) {
            found = Digest.of(in);
        }
        if (!found.equals(object.sha256())) {
            throw new StoreException(
                    "SHA-256 mismatch in " + store.describe() + "/" + object.key() + ": stored " + found + ", computed "
                            + object.sha256(),
                    null);
        }
    }

    /** Creates the objects that do not exist. Returns whether it has created any. */
    boolean putMissing(ObjectStore store) throws IOException {
        boolean created = false;
        for (FileObject object : objects) {
            created |= store.head(object.key()).isEmpty() && store.putIfAbsent(object.key(), object);
        }
        return created;
    }
}
