package io.veloz.wal.archive.internal.crypt;

import io.veloz.wal.archive.store.EncryptionKeys;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Creates and unwraps data keys. Thread-safe. */
public final class DataKeys {
    private static final String WRAP = "AESWrap";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final EncryptionKeys keys;

    /** Read once: a writer that was permitted to encrypt must neither stop to, nor use a key that was not checked. */
    private final @Nullable String activeId;

    public DataKeys(EncryptionKeys keys) {
        this.keys = keys;
        this.activeId = keys.activeId();
    }

    /** Returns keys that open nothing, and encrypt nothing. */
    public static DataKeys none() {
        return new DataKeys(EncryptionKeys.NONE);
    }

    /** Returns the id of the key that wraps new data keys; null if nothing is encrypted. */
    public @Nullable String activeId() {
        return activeId;
    }

    /** Returns whether the key with this id is configured. */
    public boolean has(String id) {
        return keys.key(id) != null;
    }

    /**
     * Checks that a key is configured.
     *
     * @param where what it is needed for, in the message
     */
    public void require(String id, String where) throws MissingKeyException {
        if (!has(id)) {
            throw missing(id, where);
        }
    }

    private static MissingKeyException missing(String id, String where) {
        return new MissingKeyException(where + " is encrypted by the key \"" + id + "\"" + MissingKeyException.NEXT);
    }

    /**
     * Returns a random data key, wrapped by the active key; null if nothing is encrypted.
     *
     * @throws IllegalStateException if the active key is unknown or has another length
     */
    public @Nullable DataKey next() {
        String id = activeId;
        if (id == null) {
            return null;
        }
        byte[] key = keys.key(id);
        if (key == null || key.length != EncryptionKeys.KEY_BYTES || !id.matches(Encryption.KEY_ID)) {
            throw new IllegalStateException("the active key \"" + id + "\" is missing, or does not have "
                    + EncryptionKeys.KEY_BYTES + " bytes");
        }
        return next(id, key);
    }

    /**
     * Returns a random data key, wrapped by a key that need not be the active one.
     *
     * @throws MissingKeyException if that key is not configured
     */
    public DataKey next(String id) throws MissingKeyException {
        byte[] key = keys.key(id);
        if (key == null || key.length != EncryptionKeys.KEY_BYTES) {
            throw missing(id, "what is to be encrypted");
        }
        return next(id, key);
    }

    private static DataKey next(String id, byte[] key) {
        byte[] secret = new byte[EncryptionKeys.KEY_BYTES];
        RANDOM.nextBytes(secret);
        try {
            Cipher cipher = Cipher.getInstance(WRAP);
            cipher.init(Cipher.WRAP_MODE, new SecretKeySpec(key, "AES"));
            String wrapped = Base64.getEncoder().encodeToString(cipher.wrap(new SecretKeySpec(secret, "AES")));
            return new DataKey(new Encryption(id, wrapped), secret);
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java platform has AES key wrap", e);
        }
    }

    /**
     * Returns a data key.
     *
     * @param where the name of the object in messages
     * @throws MissingKeyException if the key that wraps it is not configured, or is another one with the same id
     */
    public DataKey open(Encryption encryption, String where) throws MissingKeyException {
        byte[] key = keys.key(encryption.keyId());
        if (key == null || key.length != EncryptionKeys.KEY_BYTES) {
            throw missing(encryption.keyId(), where);
        }
        try {
            Cipher cipher = Cipher.getInstance(WRAP);
            cipher.init(Cipher.UNWRAP_MODE, new SecretKeySpec(key, "AES"));
            byte[] wrapped = Base64.getDecoder().decode(encryption.wrapped());
            SecretKey secret = (SecretKey) cipher.unwrap(wrapped, "AES", Cipher.SECRET_KEY);
            return new DataKey(encryption, secret.getEncoded());
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new MissingKeyException(
                    where + " is encrypted by another key \"" + encryption.keyId() + "\" than the configured one");
        }
    }

    /** Returns the digest of content in the clear, as it is stated where the content is encrypted in this way. */
    public ContentDigest digest(@Nullable Encryption encryption, String where) throws MissingKeyException {
        return encryption == null
                ? ContentDigest.plain()
                : open(encryption, where).digest();
    }
}
