package io.veloz.wal.backup.internal.store;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.Attachment.Chunk;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The encrypted message of an attachment, read from its chunks. Each chunk's length and digest are compared with the recovery
 * point at the chunk's end. It belongs to one thread.
 */
public final class ChunkReader extends InputStream {
    private final ObjectStore store;
    private final Attachment attachment;
    private int next;
    private @Nullable InputStream chunk;
    private MessageDigest digest = Digests.sha256();
    private long bytes;

    public ChunkReader(ObjectStore store, Attachment attachment) {
        this.store = store;
        this.attachment = attachment;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    /**
     * Reads bytes of the message.
     *
     * @throws RecoveryException INCOMPLETE if a chunk is missing, DAMAGED if it is not the one that the point names
     */
    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (true) {
            if (chunk == null && next == attachment.chunks().size()) {
                return -1;
            }
            InputStream open = chunk == null ? open() : chunk;
            int count = open.read(target, from, length);
            if (count > 0) {
                digest.update(target, from, count);
                bytes += count;
                return count;
            }
            end();
        }
    }

    private InputStream open() throws IOException {
        String key = attachment.chunkKey(next);
        InputStream opened;
        try {
            opened = store.get(key);
        } catch (NoSuchObjectException e) {
            throw new RecoveryException(
                    Reason.INCOMPLETE, store.describe() + ": " + key + " is missing; use an earlier recovery point", e);
        }
        chunk = opened;
        digest = Digests.sha256();
        bytes = 0;
        return opened;
    }

    private void end() throws IOException {
        close();
        String got = HexFormat.of().formatHex(digest.digest());
        Chunk expected = attachment.chunks().get(next);
        if (bytes != expected.bytes() || !got.equals(expected.sha256())) {
            throw new RecoveryException(
                    Reason.DAMAGED,
                    store.describe() + ": SHA-256 mismatch in " + attachment.chunkKey(next)
                            + ": the recovery point names " + expected.bytes() + " bytes, " + expected.sha256()
                            + "; stored are " + bytes + " bytes, " + got);
        }
        next++;
    }

    @Override
    public void close() throws IOException {
        InputStream open = chunk;
        chunk = null;
        if (open != null) {
            open.close();
        }
    }
}
