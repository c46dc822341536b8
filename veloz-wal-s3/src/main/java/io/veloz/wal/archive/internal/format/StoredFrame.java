package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.crypt.Encryption;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An object that contains a file, or one part of a file, as one LZ4 frame. The objects of a file, joined, are an LZ4 file with
 * as many frames. Immutable.
 *
 * @param key of the object
 * @param objectBytes size of the object
 * @param objectSha256 of the object
 * @param fileBytes size of the content, which is the file or a part of it
 * @param encryption of the object, with a data key of its own; null if it is in the clear
 */
public record StoredFrame(
        String key,
        long objectBytes,
        String objectSha256,
        long fileBytes,
        @Nullable Encryption encryption) {
    /** The maximum number of parts of a file, so that a statement of them fits into a line of a SUMMARY. */
    public static final int MAX_PARTS = 64;

    /**
     * Returns the digest that a slot states of all parts together: SHA-256 of their digests, each of 64 hex digits and a line
     * feed.
     */
    public static String digest(List<StoredFrame> parts) {
        StringBuilder digests = new StringBuilder();
        parts.forEach(part -> digests.append(part.objectSha256).append('\n'));
        return Digest.of(digests.toString().getBytes(StandardCharsets.US_ASCII));
    }
}
