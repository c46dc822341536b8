package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Creates missing objects of a file again, with the bytes that its slot states. */
public final class SameObject {
    private final StoredFile found;
    private final FileUpload content;

    private SameObject(FileUpload content) {
        this.content = content;
        this.found = content.stated();
    }

    /**
     * Compresses a file of the log once, and encrypts it with the data keys of a statement, to compare it with that. The same
     * version of the library gives the same bytes; another version may not. Other bytes must not be put: a data key would
     * encrypt two contents.
     */
    public static SameObject of(LogFiles files, String file, StoredFile stated, DataKeys keys) throws IOException {
        PartLayout layout = PartLayout.like(stated);
        List<@Nullable Encryption> encryptions = new ArrayList<>();
        encryptions.add(stated.encryption());
        stated.parts().forEach(part -> encryptions.add(part.encryption()));
        Iterator<@Nullable Encryption> next = encryptions.iterator();
        return new SameObject(FileUpload.read(files, file, RateLimiter.UNLIMITED, stated.key(), layout, () -> {
            // A local file that is longer has more parts than are stated, and is not the stated one.
            Encryption encryption = next.hasNext() ? next.next() : null;
            return encryption == null ? null : keys.open(encryption, stated.key());
        }));
    }

    /** Returns whether the file is the stated one. */
    public boolean isFileOf(StoredFile stated) {
        return found.fileBytes() == stated.fileBytes() && found.fileSha256().equals(stated.fileSha256());
    }

    /** Returns whether the objects would have the stated bytes. */
    public boolean isObjectOf(StoredFile stated) {
        List<StoredFrame> frames = found.frames();
        return frames.equals(stated.frames());
    }

    /**
     * Creates the objects that are missing. Returns false if none is.
     *
     * @throws IllegalArgumentException if the objects would not have the stated bytes
     */
    public boolean put(ObjectStore store, StoredFile stated) throws IOException {
        if (!isObjectOf(stated)) {
            throw new IllegalArgumentException(stated.key() + ": the file does not give the stated object");
        }
        return content.putMissing(store);
    }
}
