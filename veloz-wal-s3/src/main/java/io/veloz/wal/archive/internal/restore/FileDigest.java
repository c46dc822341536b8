package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The digests of local files. */
public final class FileDigest {
    private static final int CHUNK_BYTES = 256 * 1024;

    private FileDigest() {}

    /** Returns the SHA-256 of a range of a file, up to the end of the file, as 64 hex digits. */
    public static String sha256(StorageFile file, long from, long to) throws IOException {
        return of(file, from, to, ContentDigest.plain());
    }

    /** Returns the digest that a slot states of a range of a file. */
    public static String of(StorageFile file, long from, long to, ContentDigest digest) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.max(1, Math.min(CHUNK_BYTES, to - from)));
        for (long position = from; position < to; position += chunk.limit()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), to - position));
            if (file.readFully(chunk, position) == 0) {
                break;
            }
            digest.update(chunk.flip());
        }
        return digest.hex();
    }
}
