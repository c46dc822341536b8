package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.crypt.DataKeys;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The encrypted files, and those in parts, whose upload has begun. An upload that failed may have stored an object, so the next
 * attempt must send the same bytes, whatever was uploaded in between: another data key would give other bytes, which the store
 * refuses. Of a file in parts it sends only those that are not confirmed. What is one object in the clear is read again. At most the next segment and the newest checkpoint are unfinished at a time.
 * Thread-safe.
 */
final class EncryptedUploads {
    /** Older ones are of checkpoints that newer ones have replaced. */
    private static final int MAX_BEGUN = 8;

    private final DataKeys keys;

    /** By the keys of the files, the latest used last. Guarded by this. */
    private final Map<String, FileUpload> begun = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, FileUpload> eldest) {
            return size() > MAX_BEGUN;
        }
    };

    EncryptedUploads(DataKeys keys) {
        this.keys = keys;
    }

    /** Reads a file. */
    @FunctionalInterface
    interface Reading {
        FileUpload read(FileUpload.NextKey keys) throws IOException;
    }

    /** Returns the content of a file: that of the upload that has begun, or one with data keys of its own. */
    synchronized FileUpload content(String key, Reading reading) throws IOException {
        FileUpload content = begun.get(key);
        return content == null || content.wasReplaced() ? reading.read(keys::next) : content;
    }

    /** Objects of the file may be stored from now on. */
    synchronized void begins(String key, FileUpload content) {
        if (content.isKept()) {
            begun.put(key, content);
        }
    }

    /** All objects of the file are stored. */
    synchronized void stored(String key) {
        begun.remove(key);
    }
}
