package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * Ends a segment for good: footer behind the data, then the file is cut to size.
 *
 * <p>A cut between the two leaves a footer with old bytes behind it, or no whole footer; the data is the same in either
 * case, and sealing again, at the next open, ends in the same file.
 */
public final class SegmentSealer {
    private static final int CHUNK_BYTES = 256 * 1024;

    private SegmentSealer() {}

    /**
     * Seals a segment that has been written to its end.
     *
     * @return the footer, which is on disk
     */
    public static Footer seal(SegmentFile segment, Sha256 previousFooter) throws IOException {
        return seal(
                segment.file(),
                segment.segment(),
                segment.content(),
                segment.position(),
                segment.lastBatchCrc(),
                previousFooter);
    }

    /** Seals a segment of which a scan has found the content. */
    public static Footer seal(
            StorageFile file,
            SegmentHeader segment,
            SegmentContent content,
            long dataEnd,
            int lastBatchCrc,
            Sha256 previousFooter)
            throws IOException {
        Footer footer = new Footer(
                segment.number(),
                segment.salt(),
                content.firstSequence(),
                content.lastSequence(),
                content.recordCount(),
                content.batchCount(),
                content.minTimestampNanos(),
                content.maxTimestampNanos(),
                dataEnd,
                lastBatchCrc,
                digest(file, dataEnd),
                previousFooter,
                content.index());
        ByteBuffer bytes = footer.encode();
        int length = bytes.remaining();
        file.writeFully(bytes, dataEnd);
        file.truncate(dataEnd + length);
        file.force();
        return footer;
    }

    /** The SHA-256 of the first bytes of a file. */
    public static Sha256 digest(StorageFile file, long end) throws IOException {
        MessageDigest digest = Sha256.newDigest();
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        for (long position = 0; position < end; ) {
            chunk.clear().limit((int) Math.min(CHUNK_BYTES, end - position));
            int count = file.readFully(chunk, position);
            if (count == 0) {
                throw new IOException("file ends at " + position + "; expected " + end + " bytes");
            }
            digest.update(chunk.flip());
            position += count;
        }
        return Sha256.of(digest);
    }
}
