package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Digests of what is on the disk. */
final class LocalBytes {
    private static final int CHUNK_BYTES = 256 * 1024;

    private LocalBytes() {}

    /** SHA-256 of a part of a file, as 64 hex digits; of as much as there is of it. */
    static String digest(StorageFile file, long from, long to) throws IOException {
        MessageDigest digest = Digest.sha256();
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.max(1, Math.min(CHUNK_BYTES, to - from)));
        for (long position = from; position < to; position += chunk.limit()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), to - position));
            if (file.readFully(chunk, position) == 0) {
                break;
            }
            digest.update(chunk.flip());
        }
        return Digest.hex(digest);
    }
}
