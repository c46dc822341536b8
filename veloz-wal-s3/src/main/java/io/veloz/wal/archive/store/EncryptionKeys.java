package io.veloz.wal.archive.store;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The keys that encrypt the content of an archive. Implement it to read keys from elsewhere than a file. Implementations are
 * thread-safe, and return the same key for an id at any time.
 *
 * <p>A key encrypts other keys only: each object has a random key of its own, which is stored in it, wrapped by a key of this
 * interface (AES key wrap, RFC 3394).
 */
public interface EncryptionKeys {
    /** The length of a key. */
    int KEY_BYTES = 32;

    /** No keys: nothing is encrypted, and nothing that is encrypted can be read. */
    EncryptionKeys NONE = new EncryptionKeys() {
        @Override
        public @Nullable String activeId() {
            return null;
        }

        @Override
        public byte @Nullable [] key(String id) {
            return null;
        }
    };

    /**
     * Returns the id of the key for new objects: 1 to 64 letters, digits and {@code "._-"}, the first one a letter or
     * digit. Null if nothing is to be encrypted. A shipper asks once when it starts, so another key is used from its next start
     * on.
     */
    @Nullable
    String activeId();

    /** Returns a key of {@link #KEY_BYTES} bytes, which the caller does not change; null if it is unknown. */
    byte @Nullable [] key(String id);

    /**
     * Reads keys from a file. Each line is {@code id=key}, the key in Base64; empty lines and lines that begin with {@code #}
     * are ignored. The last key is the active one, so a new key is appended.
     *
     * @throws IllegalArgumentException if the file cannot be read or is invalid, or other users may read it. The message
     *     contains no part of a key
     */
    static EncryptionKeys ofFile(Path file) {
        return KeyFile.read(file);
    }
}
