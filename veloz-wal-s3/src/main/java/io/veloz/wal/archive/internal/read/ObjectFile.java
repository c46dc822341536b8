package io.veloz.wal.archive.internal.read;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Lz4Blocks;
import io.veloz.wal.archive.internal.format.Lz4FrameHeader;
import io.veloz.wal.archive.internal.format.StoredFrame;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The content of an object, which is a file or a part of one, decoded in pieces of about 1 MiB. Confined to one thread.
 *
 * <p>The SHA-256 of the object is checked only if the object is fetched whole. Otherwise it is checked that
 * the frame is valid, has the length of the object, and contains as many bytes as the slot states. The records have checksums
 * of their own.
 */
final class ObjectFile extends ReadOnlyFile {
    /** A piece ends with the first block that reaches this size. */
    static final int PIECE_BYTES = 1024 * 1024;

    private static final int ATTEMPTS = 3;

    private final ArchiveFile.Stored file;
    private final StoredFrame object;
    private final StoredBytes stored;
    private final PieceCache cache;
    private final ReadErrors.Failures failures;
    private final PieceIndex index;
    private final String where;
    private final Lz4Blocks blocks;
    private byte[] decoded = new byte[0];

    ObjectFile(
            ArchiveFile.Stored file,
            StoredFrame object,
            StoredBytes.Source source,
            PieceCache cache,
            ReadErrors.Failures failures,
            boolean ahead,
            Runnable afterLast) {
        this.file = file;
        this.object = object;
        this.stored = new StoredBytes(source, object, ahead, afterLast);
        this.cache = cache;
        this.failures = failures;
        this.index = cache.index(object.key());
        this.where = source.store().describe() + "/" + object.key();
        this.blocks = new Lz4Blocks(object.fileBytes());
    }

    @Override
    public long size() {
        return object.fileBytes();
    }

    @Override
    Piece at(long position) {
        try {
            Lz4FrameHeader header = header();
            for (int i = index.pieceAt(position); ; i++) {
                byte[] bytes = cached(i);
                if (bytes == null) {
                    bytes = decode(header, i);
                }
                if (position < index.contentAt(i) + bytes.length) {
                    return new Piece(index.contentAt(i), bytes);
                }
            }
        } catch (IOException e) {
            throw failures.of(file, object.key(), e);
        }
    }

    private byte @Nullable [] cached(int piece) {
        return index.hasEnd(piece) ? cache.get(object.key(), piece) : null;
    }

    private Lz4FrameHeader header() throws IOException {
        Lz4FrameHeader known = index.header();
        if (known != null) {
            return known;
        }
        Lz4FrameHeader header = retried(0, () -> Lz4FrameHeader.read(stored, object.fileBytes()));
        index.begin(header);
        return header;
    }

    private byte[] decode(Lz4FrameHeader header, int piece) throws IOException {
        long start = index.contentAt(piece);
        byte[] bytes = retried(index.storedAt(piece), () -> blocks(header, start));
        index.end(piece, stored.position(), start + bytes.length);
        cache.put(object.key(), piece, bytes);
        return bytes;
    }

    private byte[] blocks(Lz4FrameHeader header, long start) throws IOException {
        int length = 0;
        while (length < PIECE_BYTES && start + length < object.fileBytes()) {
            int room = (int) Math.min(header.maxBlockBytes(), object.fileBytes() - start - length);
            if (decoded.length < length + room) {
                decoded = Arrays.copyOf(decoded, length + room);
            }
            int count = blocks.next(stored, header, decoded, length, room);
            if (count < 0) {
                throw new IOException(
                        "the content ends at " + (start + length) + "; expected " + object.fileBytes() + " bytes");
            }
            length += count;
        }
        if (start + length == object.fileBytes()) {
            checkEnd(header);
        }
        return Arrays.copyOf(decoded, length);
    }

    private void checkEnd(Lz4FrameHeader header) throws IOException {
        if (blocks.next(stored, header, new byte[header.maxBlockBytes()], 0, header.maxBlockBytes()) >= 0) {
            throw new IOException("more content than the " + object.fileBytes() + " bytes declared");
        }
        long end = stored.position() + (header.hasContentChecksum() ? 4 : 0);
        if (end != stored.length()) {
            throw new IOException("the frame ends at " + end + "; expected " + stored.length());
        }
    }

    private interface Reading<T> {
        T read() throws IOException;
    }

    /** Reads from a position of the object. An invalid frame is fetched again, as it may have been damaged in transit. */
    private <T> T retried(long position, Reading<T> reading) throws IOException {
        for (int attempt = 1; ; attempt++) {
            stored.seek(position);
            try {
                return reading.read();
            } catch (IOException e) {
                if (stored.hasFailed()) {
                    throw e;
                }
                stored.discard();
                if (attempt == ATTEMPTS) {
                    throw new BadObjectException(where + ": invalid LZ4 frame: " + e.getMessage(), e);
                }
            }
        }
    }

    @Override
    public void close() {
        super.close();
        stored.discard();
    }
}
