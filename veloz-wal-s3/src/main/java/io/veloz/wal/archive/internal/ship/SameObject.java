package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;

/** Creates a missing object again, with the bytes that its slot states. */
public final class SameObject {
    private final FileObject content;

    private SameObject(FileObject content) {
        this.content = content;
    }

    /**
     * Compresses a file of the log once, and encrypts it with the data key of a statement, to compare it with that. The same
     * version of the library gives the same bytes; another version may not. Other bytes must not be put: the data key would
     * encrypt two contents.
     */
    public static SameObject of(LogFiles files, String file, StoredFile stated, DataKeys keys) throws IOException {
        Encryption encryption = stated.encryption();
        DataKey key = encryption == null ? null : keys.open(encryption, stated.key());
        return new SameObject(FileObject.read(files, file, RateLimiter.UNLIMITED, stated.key(), key));
    }

    /** Returns whether the file is the stated one. */
    public boolean isFileOf(StoredFile stated) {
        return content.fileBytes() == stated.fileBytes() && content.fileSha256().equals(stated.fileSha256());
    }

    /** Returns whether the object would have the stated bytes. */
    public boolean isObjectOf(StoredFile stated) {
        return content.length() == stated.objectBytes() && content.sha256().equals(stated.objectSha256());
    }

    /**
     * Creates the object. Returns false if one exists under its key.
     *
     * @throws IllegalArgumentException if the object would not have the stated bytes
     */
    public boolean put(ObjectStore store, StoredFile stated) throws IOException {
        if (!isObjectOf(stated)) {
            throw new IllegalArgumentException(stated.key() + ": the file does not give the stated object");
        }
        return store.putIfAbsent(stated.key(), content);
    }
}
