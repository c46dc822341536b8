package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The contents of encrypted objects whose upload has begun. An upload that failed may have stored its object, so the next
 * attempt must send the same bytes, whatever was uploaded in between: another data key would give other bytes, which the store
 * refuses. What is in the clear is read again. At most the next segment and the newest checkpoint are unfinished at a time.
 * Thread-safe.
 */
final class EncryptedUploads {
    /** Older ones are of checkpoints that newer ones have replaced. */
    private static final int MAX_BEGUN = 8;

    private final DataKeys keys;

    /** By the keys of the objects, the latest used last. Guarded by this. */
    private final Map<String, FileObject> begun = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, FileObject> eldest) {
            return size() > MAX_BEGUN;
        }
    };

    EncryptedUploads(DataKeys keys) {
        this.keys = keys;
    }

    /** Reads a file. */
    @FunctionalInterface
    interface Reading {
        FileObject read(@Nullable DataKey key) throws IOException;
    }

    /** Returns the content of an object: that of the upload that has begun, or one with a data key of its own. */
    synchronized FileObject content(String key, Reading reading) throws IOException {
        FileObject content = begun.get(key);
        return content == null || content.wasReplaced() ? reading.read(keys.next()) : content;
    }

    /** The object may be stored from now on. */
    synchronized void begins(String key, FileObject content) {
        if (content.encryption() != null) {
            begun.put(key, content);
        }
    }

    /** The object is stored. */
    synchronized void stored(String key) {
        begun.remove(key);
    }
}
