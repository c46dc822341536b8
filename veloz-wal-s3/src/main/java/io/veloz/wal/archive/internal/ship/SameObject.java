package io.veloz.wal.archive.internal.ship;

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
     * Compresses a file of the log once, to compare it with a statement. The same version of the library compresses a file to
     * the same bytes; another version may not.
     */
    public static SameObject of(LogFiles files, String file) throws IOException {
        return new SameObject(FileObject.read(files, file, 0, RateLimiter.UNLIMITED));
    }

    /** Returns whether the file is the stated one. */
    public boolean isFileOf(StoredFile stated) {
        return content.fileBytes() == stated.fileBytes() && content.fileSha256().equals(stated.fileSha256());
    }

    /** Returns whether the object would have the stated bytes. */
    public boolean isObjectOf(StoredFile stated) {
        return content.length() == stated.objectBytes() && content.sha256().equals(stated.objectSha256());
    }

    /** Creates the object. Returns false if one exists under its key. */
    public boolean put(ObjectStore store, StoredFile stated) throws IOException {
        return store.putIfAbsent(stated.key(), content);
    }
}
