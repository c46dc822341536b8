package io.veloz.wal.archive.internal.read;

import io.veloz.wal.storage.StorageFile;
import java.nio.ByteBuffer;

/** A file that can only be read, piece by piece. The last piece stays in memory. Confined to one thread. */
abstract class ReadOnlyFile implements StorageFile {
    private byte[] piece = new byte[0];
    private long pieceAt;

    /** A part of the content, and where it begins. Its bytes are not changed. */
    static final class Piece {
        private final long position;
        private final byte[] bytes;

        Piece(long position, byte[] bytes) {
            this.position = position;
            this.bytes = bytes;
        }

        /** Returns the same bytes in a file whose content begins so much earlier. */
        Piece after(long bytesBefore) {
            return new Piece(bytesBefore + position, bytes);
        }
    }

    /** Returns the part that contains a position before the end of the file. */
    abstract Piece at(long position);

    @Override
    public final int read(ByteBuffer target, long position) {
        if (position >= size()) {
            return -1;
        }
        if (position < pieceAt || position >= pieceAt + piece.length) {
            Piece found = at(position);
            piece = found.bytes;
            pieceAt = found.position;
        }
        int from = (int) (position - pieceAt);
        int count = Math.min(target.remaining(), piece.length - from);
        target.put(piece, from, count);
        return count;
    }

    @Override
    public abstract long size();

    @Override
    public int write(ByteBuffer source, long position) {
        throw readOnly();
    }

    @Override
    public void force() {
        throw readOnly();
    }

    @Override
    public void truncate(long size) {
        throw readOnly();
    }

    @Override
    public void close() {
        piece = new byte[0];
    }

    private static UnsupportedOperationException readOnly() {
        return new UnsupportedOperationException("an archive is read-only");
    }
}
