package io.veloz.wal.archive.internal.crypt;

/**
 * How an object or the content of a slot is encrypted. Immutable.
 *
 * @param keyId the key that wraps the data key
 * @param wrapped the data key, wrapped, in Base64
 */
public record Encryption(String keyId, String wrapped) {
    /** The form of a wrapped key: 40 bytes. */
    public static final String WRAPPED = "[A-Za-z0-9+/]{54}==";

    /** The form of the id of a key. It is a part of the name of an object. */
    public static final String KEY_ID = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";
}
