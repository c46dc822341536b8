package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The contents of objects that are uploaded. An upload that failed may have stored its object, so the next attempt must send
 * the same bytes: the object of the last attempt is kept until its upload succeeds. Only an encrypted one is, as another data
 * key would give other bytes; one in the clear is read again. Thread-safe.
 */
final class EncryptedUploads {
    private final DataKeys keys;
    private String lastKey = "";
    private @Nullable FileObject last;

    EncryptedUploads(DataKeys keys) {
        this.keys = keys;
    }

    /** Reads a file. */
    @FunctionalInterface
    interface Reading {
        FileObject read(@Nullable DataKey key) throws IOException;
    }

    /** Returns the content of an object: that of the last attempt, or one with a data key of its own. */
    synchronized FileObject content(String key, Reading reading) throws IOException {
        FileObject content = last;
        if (content == null || !lastKey.equals(key) || content.wasReplaced()) {
            content = reading.read(keys.next());
            last = content.encryption() == null ? null : content;
            lastKey = key;
        }
        return content;
    }

    /** The object is stored. */
    synchronized void forget() {
        last = null;
    }
}
