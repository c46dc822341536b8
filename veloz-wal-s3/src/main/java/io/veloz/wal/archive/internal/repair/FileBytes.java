package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Reads local files and logs. */
final class FileBytes {
    private static final int CHUNK_BYTES = 256 * 1024;

    private FileBytes() {}

    /** Returns the SHA-256 of a range of a file, up to the end of the file. */
    static String sha256(StorageFile file, long from, long to) throws IOException {
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
