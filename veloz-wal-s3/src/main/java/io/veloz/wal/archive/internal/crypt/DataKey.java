package io.veloz.wal.archive.internal.crypt;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key of one object or of the content of one slot. Thread-safe.
 *
 * <p>Content is encrypted in chunks of 1 MiB by AES-256-GCM (NIST SP 800-38D), each followed by a tag of 16 bytes. The nonce
 * is the number of the chunk, and whether it is the last one, so chunks can be neither swapped nor left out. A data key
 * encrypts one string of bytes, however often that is sent: this is what makes numbers safe as nonces.
 */
public final class DataKey {
    /** The length of a chunk before it is encrypted. */
    public static final int CHUNK_BYTES = 1024 * 1024;

    /** The length of the tag after each chunk. */
    public static final int TAG_BYTES = 16;

    private static final int NONCE_BYTES = 12;
    private static final String HMAC = "HmacSHA256";

    private final Encryption encryption;
    private final SecretKeySpec content;
    private final SecretKeySpec digest;

    DataKey(Encryption encryption, byte[] secret) {
        this.encryption = encryption;
        // One secret for two algorithms would bind the safety of one to the other (HKDF-Expand, RFC 5869, one block
        // each).
        this.content = new SecretKeySpec(derived(secret, "veloz-wal content"), "AES");
        this.digest = new SecretKeySpec(derived(secret, "veloz-wal digest"), HMAC);
    }

    private static byte[] derived(byte[] secret, String purpose) {
        Mac mac = mac(new SecretKeySpec(secret, HMAC));
        mac.update(purpose.getBytes(StandardCharsets.US_ASCII));
        mac.update((byte) 1);
        return mac.doFinal();
    }

    private static Mac mac(SecretKeySpec key) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java platform has HMAC-SHA-256", e);
        }
    }

    /** Returns what a slot or an object states about this key. */
    public Encryption encryption() {
        return encryption;
    }

    /** Returns a digest of content in the clear. */
    public ContentDigest digest() {
        return ContentDigest.keyed(mac(digest));
    }

    /** Returns the length of encrypted content. */
    public static long encryptedBytes(long plainBytes) {
        return plainBytes + TAG_BYTES * chunks(plainBytes, CHUNK_BYTES);
    }

    /** Returns the length of content that has a length when it is encrypted; -1 if no content has that length. */
    public static long plainBytes(long encryptedBytes) {
        long plain = encryptedBytes - TAG_BYTES * chunks(encryptedBytes, CHUNK_BYTES + TAG_BYTES);
        return plain > 0 && encryptedBytes(plain) == encryptedBytes ? plain : -1;
    }

    private static long chunks(long bytes, long chunkBytes) {
        return (bytes + chunkBytes - 1) / chunkBytes;
    }

    /**
     * Encrypts a chunk.
     *
     * @param head bytes in the clear that are authenticated with the chunk
     */
    public byte[] encrypt(byte[] chunk, int length, long number, boolean isLast, byte[] head) {
        try {
            return cipher(Cipher.ENCRYPT_MODE, number, isLast, head).doFinal(chunk, 0, length);
        } catch (GeneralSecurityException e) {
            throw new AssertionError("encrypting into a new array cannot fail", e);
        }
    }

    /**
     * Decrypts a chunk with its tag.
     *
     * @throws IOException if the chunk is not the one that was encrypted with that number, as the last one or not, and with
     *     that head
     */
    public byte[] decrypt(byte[] chunk, int from, int length, long number, boolean isLast, byte[] head)
            throws IOException {
        try {
            return cipher(Cipher.DECRYPT_MODE, number, isLast, head).doFinal(chunk, from, length);
        } catch (AEADBadTagException e) {
            throw new IOException("chunk " + number + " was not encrypted by this key, or was changed", e);
        } catch (GeneralSecurityException e) {
            throw new IOException("chunk " + number + " of " + length + " bytes: " + e, e);
        }
    }

    private Cipher cipher(int mode, long number, boolean isLast, byte[] head) throws GeneralSecurityException {
        ByteBuffer nonce = ByteBuffer.allocate(NONCE_BYTES);
        nonce.putLong(number).putInt(isLast ? 1 : 0);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, content, new GCMParameterSpec(8 * TAG_BYTES, nonce.array()));
        cipher.updateAAD(head);
        return cipher;
    }
}
