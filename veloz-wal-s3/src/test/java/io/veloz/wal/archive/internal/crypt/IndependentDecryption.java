package io.veloz.wal.archive.internal.crypt;

import io.veloz.wal.archive.store.EncryptionKeys;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Objects;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Decrypts as docs/archive.md describes it, without the code of the library. */
public final class IndependentDecryption {
    private final byte[] dataKey;

    public IndependentDecryption(EncryptionKeys keys, String keyId, String wrapped) {
        try {
            Cipher unwrap = Cipher.getInstance("AESWrap");
            unwrap.init(Cipher.UNWRAP_MODE, new SecretKeySpec(Objects.requireNonNull(keys.key(keyId)), "AES"));
            dataKey = unwrap.unwrap(Base64.getDecoder().decode(wrapped), "AES", Cipher.SECRET_KEY)
                    .getEncoded();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private byte[] derived(String purpose) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(dataKey, "HmacSHA256"));
        return mac.doFinal((purpose + "\u0001").getBytes(StandardCharsets.US_ASCII));
    }

    /** Returns content in the clear. */
    public byte[] clear(byte[] head, byte[] encrypted) {
        ByteArrayOutputStream clear = new ByteArrayOutputStream();
        int chunkBytes = 1024 * 1024 + 16;
        try {
            SecretKeySpec key = new SecretKeySpec(derived("veloz-wal content"), "AES");
            for (int from = 0, number = 0; from < encrypted.length; from += chunkBytes, number++) {
                int length = Math.min(chunkBytes, encrypted.length - from);
                ByteBuffer nonce = ByteBuffer.allocate(12).putLong(number);
                nonce.putInt(from + length == encrypted.length ? 1 : 0);
                Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
                cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(128, nonce.array()));
                cipher.updateAAD(head);
                clear.writeBytes(cipher.doFinal(encrypted, from, length));
            }
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
        return clear.toByteArray();
    }

    /** Returns the digest that a slot states of content in the clear. */
    public String digest(byte[] clear) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(derived("veloz-wal digest"), "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(clear));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
