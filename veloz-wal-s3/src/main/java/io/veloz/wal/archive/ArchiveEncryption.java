package io.veloz.wal.archive;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.RestoreErrors;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The keys of an encrypted archive. Thread-safe.
 *
 * <p>An archive is encrypted by the shipper if its store has keys, see {@link
 * io.veloz.wal.archive.store.ObjectStores#withKeys}. Its chain can be verified without keys.
 */
public final class ArchiveEncryption {
    /** A copy of a key, encrypted to a few recipients, has some hundred bytes for each. */
    private static final int MAX_ESCROW_BYTES = 64 * 1024;

    /** An armored message: headers, an empty line, and the first characters of its content. */
    private static final Pattern ARMORED =
            Pattern.compile("-----BEGIN PGP MESSAGE-----[^\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n([A-Za-z0-9+/]{4})");

    private ArchiveEncryption() {}

    /**
     * The use of a key in an archive, in which retention has deleted nothing that still counts.
     *
     * @param keyId the id of the key
     * @param objects the number of segments, checkpoints and tails that it encrypts
     * @param firstSequence the first record that it encrypts; -1 if it encrypts only checkpoints
     * @param lastSequence the last record that it encrypts; -1 if it encrypts only checkpoints
     * @param isConfigured whether the store has the key
     * @param isEscrowed whether the archive contains an encrypted copy of the key
     */
    public record KeyUse(
            String keyId,
            long objects,
            long firstSequence,
            long lastSequence,
            boolean isConfigured,
            boolean isEscrowed) {}

    /**
     * Returns the keys that are needed to read an archive, in the order of their ids. A key that is not among them, and is not
     * the active one, may be deleted. Verifies the chain; needs no key.
     *
     * @throws WalRestoreException if the archive is damaged or cannot be read; see the reason
     */
    public static List<KeyUse> keys(ObjectStore store) {
        ArchiveVerifier verifier = new ArchiveVerifier(store);
        return verifier.run(() -> keys(store, verifier.proof()));
    }

    private static List<KeyUse> keys(ObjectStore store, Proof proof) throws IOException {
        TreeMap<String, long[]> uses = new TreeMap<>();
        for (Segment segment : proof.segments()) {
            add(uses, segment.stored().encryption(), segment.firstSequence(), segment.lastSequence());
        }
        for (TailSlot slot : proof.tails()) {
            add(
                    uses,
                    slot.tail().encryption(),
                    slot.tail().firstSequence(),
                    slot.tail().lastSequence());
        }
        for (Attachment attachment : proof.attachments()) {
            add(uses, attachment.stored().encryption(), -1, -1);
        }
        Retries retries = Retries.withBackoff();
        List<KeyUse> keys = new ArrayList<>();
        for (var use : uses.entrySet()) {
            String id = use.getKey();
            long[] range = use.getValue();
            boolean isEscrowed =
                    retries.call(() -> store.head(ArchiveKeys.escrow(id))).isPresent();
            keys.add(new KeyUse(
                    id, range[0], range[1], range[2], store.encryptionKeys().key(id) != null, isEscrowed));
        }
        return List.copyOf(keys);
    }

    /** Returns whether a message begins with a session key for a public key (packet 1, old or new format). */
    private static boolean isEncrypted(byte[] message) {
        int tag = message.length < 2 ? 0 : message[0] & 0xFF;
        Matcher armored = ARMORED.matcher(new String(message, StandardCharsets.ISO_8859_1));
        if (armored.lookingAt()) {
            tag = Base64.getDecoder().decode(armored.group(1))[0] & 0xFF;
        }
        return (tag & 0xFC) == 0x84 || tag == 0xC1;
    }

    private static void add(Map<String, long[]> uses, @Nullable Encryption encryption, long first, long last) {
        if (encryption != null) {
            long[] use = uses.computeIfAbsent(encryption.keyId(), any -> new long[] {0, -1, -1});
            use[0]++;
            use[1] = use[1] < 0 || (first >= 0 && first < use[1]) ? first : use[1];
            use[2] = Math.max(use[2], last);
        }
    }

    /**
     * Puts a copy of a key into the archive that is encrypted to the recovery keys, as an OpenPGP message (RFC 9580). Only its
     * beginning is checked, so that no key is stored in the clear: try to decrypt it before you rely on it. When this method
     * returns, the copy is durable.
     *
     * @return false if the archive has a copy of this key, which is not replaced
     * @throws WalRestoreException if the store cannot be written; see the reason
     * @throws IllegalArgumentException if the id is invalid, or the message is longer than 64 KiB or not encrypted to a public
     *     key
     */
    public static boolean escrow(ObjectStore store, String keyId, byte[] message) {
        if (!keyId.matches(Encryption.KEY_ID)) {
            throw new IllegalArgumentException("the id of a key \"" + keyId
                    + "\": expected 1 to 64 letters, digits and \"._-\", the first one a letter or digit");
        }
        if (message.length > MAX_ESCROW_BYTES || !isEncrypted(message)) {
            throw new IllegalArgumentException(message.length + " bytes that are not the key \"" + keyId
                    + "\" encrypted to a public key; expected an OpenPGP message of at most " + MAX_ESCROW_BYTES
                    + " bytes, as of gpg --encrypt -r RECIPIENT");
        }
        try {
            return store.putIfAbsent(ArchiveKeys.escrow(keyId), ObjectContent.of(message.clone()));
        } catch (IOException e) {
            throw RestoreErrors.translate(e, store.describe());
        }
    }
}
