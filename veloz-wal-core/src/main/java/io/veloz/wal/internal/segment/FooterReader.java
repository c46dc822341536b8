package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Reads the footer of a segment. Stateless and thread-safe. */
public final class FooterReader {
    private FooterReader() {}

    /** Returns the valid footer at the end of the file; null if there is none. */
    public static @Nullable Footer atEnd(StorageFile file, SegmentHeader segment) throws IOException {
        int length = lengthFromTrailer(file);
        return length < 0 ? null : decode(file, segment, file.size() - length, length);
    }

    /** Returns the valid footer at a position; null if there is none. Any bytes may follow it. */
    public static @Nullable Footer at(StorageFile file, SegmentHeader segment, long position) throws IOException {
        int length = lengthFromStart(file, position);
        return length < 0 ? null : decode(file, segment, position, length);
    }

    /** Returns the SHA-256 of a footer as stored in the file, including bytes that this version does not interpret. */
    public static Sha256 sha256(StorageFile file, Footer footer) throws IOException {
        int length = lengthFromStart(file, footer.dataEnd());
        ByteBuffer bytes = ByteBuffer.allocate(Math.max(0, length));
        file.readFully(bytes, footer.dataEnd());
        return Sha256.of(bytes.flip());
    }

    /**
     * Returns whether a footer was once written at this position, though it may be damaged: either its beginning or its
     * trailer is intact. A footer is written only after all data.
     */
    public static boolean wasAt(StorageFile file, long position) throws IOException {
        return lengthFromStart(file, position) > 0 || lengthFromTrailer(file) == file.size() - position;
    }

    private static int lengthFromStart(StorageFile file, long position) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        return file.readFully(start, position) < 16 ? -1 : Footer.lengthFromStart(start, 0);
    }

    private static int lengthFromTrailer(StorageFile file) throws IOException {
        long size = file.size();
        if (size < SegmentHeader.BYTES + Footer.TRAILER_BYTES) {
            return -1;
        }
        ByteBuffer trailer = ByteBuffer.allocate(Footer.TRAILER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (file.readFully(trailer, size - Footer.TRAILER_BYTES) < Footer.TRAILER_BYTES) {
            return -1;
        }
        int length = Footer.lengthFromTrailer(trailer, 0);
        return length > size - SegmentHeader.BYTES ? -1 : length;
    }

    private static @Nullable Footer decode(StorageFile file, SegmentHeader segment, long position, int length)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        if (file.readFully(bytes, position) < length) {
            return null;
        }
        try {
            Footer footer = Footer.decode(bytes.flip(), segment);
            return footer.dataEnd() == position ? footer : null;
        } catch (DamagedException e) {
            // A footer can be rebuilt from the data. A scan decides whether the data is complete.
            return null;
        }
    }
}
