package io.veloz.wal.backup;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * One encrypted copy of something that is not the order log, stored in chunks. Immutable.
 *
 * @param id 32 hex digits, random: the chunks' keys contain it
 * @param taken when it was read
 * @param firstPoint the first recovery point that names it
 * @param plainBytes of the tar before encryption
 * @param contentMac HMAC-SHA256 of the tar under a key that only the backed-up host has: two attachments with the same one
 *     have the same content. A plain hash of a short secret could be guessed
 * @param roots the absolute paths that it contains
 * @param recipients fingerprints of the certificates that it is encrypted to
 * @param signer fingerprint of the key that signed it
 */
public record Attachment(
        Kind kind,
        String id,
        Instant taken,
        Bracket bracket,
        long firstPoint,
        long plainBytes,
        String contentMac,
        List<String> roots,
        List<String> recipients,
        String signer,
        List<Chunk> chunks) {
    /**
     * One object of an attachment.
     *
     * @param bytes its length
     * @param sha256 64 hex digits, of the stored bytes
     */
    public record Chunk(long bytes, String sha256) {}

    public Attachment {
        Objects.requireNonNull(kind, "kind");
        roots = List.copyOf(roots);
        recipients = List.copyOf(recipients);
        chunks = List.copyOf(chunks);
    }

    /** The key of a chunk, in the store of the archive. {@code cat} of all chunks in order is one OpenPGP message. */
    public String chunkKey(int index) {
        return chunkKey(kind, id, index);
    }

    static String chunkKey(Kind kind, String id, int index) {
        return String.format(Locale.ROOT, "attachments/%s_%s.tar.gpg.chunk%05d", kind.label(), id, index + 1);
    }

    /** Of all chunks. */
    public long storedBytes() {
        return chunks.stream().mapToLong(Chunk::bytes).sum();
    }
}
