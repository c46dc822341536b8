package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.EndMark;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * Seals a segment: overwrites the end marks with zeros, writes the footer after the data, and truncates the file to its
 * final size.
 *
 * <p>Crash table. Before the first force, a crash leaves the footer complete, partial or absent, and the end marks or
 * zeros. Between the two forces, it leaves a complete footer, with or without old bytes after it. The data is the same
 * in each case, and the next open seals the segment again with the same result. The truncation waits for the first
 * force, because a file without a complete footer that is shorter than its prepared size counts as truncated.
 */
public final class SegmentSealer {
    private static final int CHUNK_BYTES = 256 * 1024;

    private SegmentSealer() {}

    /** The data to seal. */
    public record Data(
            SegmentHeader segment, SegmentContent content, long end, int lastBatchCrc, Sha256 previousFooter) {
        /** Returns the footer of the segment. */
        public Footer footer(Sha256 dataSha256) {
            return new Footer(
                    segment.number(),
                    segment.salt(),
                    content.firstSequence(),
                    content.lastSequence(),
                    content.recordCount(),
                    content.batchCount(),
                    content.minTimestampNanos(),
                    content.maxTimestampNanos(),
                    end,
                    lastBatchCrc,
                    dataSha256,
                    previousFooter,
                    content.index());
        }
    }

    /**
     * Seals a segment that has been written to its end.
     *
     * @return the footer, which is durable
     * @throws StorageFullException if there is no space for the footer; call again when there is
     */
    public static Footer seal(SegmentFile segment, Sha256 previousFooter) throws IOException {
        StorageFile file = segment.file();
        long end = segment.position();
        Data data = new Data(segment.segment(), segment.content(), end, segment.lastBatchCrc(), previousFooter);
        if (data.segment().hasEndMarks()) {
            file.writeFully(EndMark.zeros(), EndMark.zerosAt());
        }
        Footer footer = data.footer(dataSha256(data.segment(), file, end));
        ByteBuffer bytes = footer.encode();
        int length = bytes.remaining();
        file.writeFully(bytes, end);
        force(file, data.segment());
        file.truncate(end + length);
        force(file, data.segment());
        return footer;
    }

    private static void force(StorageFile file, SegmentHeader segment) throws IOException {
        try {
            file.force();
        } catch (StorageFullException e) {
            // This is a failed force, and no longer a full disk. It must not be retried.
            throw new IOException("force of segment " + segment.number() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Signals that the copied bytes differ from those of the preceding scan. The copy has been deleted; analyse the
     * log again.
     */
    public static final class ChangedException extends IOException {
        private static final long serialVersionUID = 1;

        ChangedException(long number, long position, long end) {
            super("segment " + number + " changed while it was read: matching batches up to " + position + "; expected "
                    + end);
        }
    }

    /**
     * Creates a sealed copy of a segment whose content a scan has collected. The source is only read.
     *
     * @return the footer of the copy, which is durable under its final name
     * @throws ChangedException if the source returned other bytes than to the scan
     */
    public static Footer sealCopy(Storage storage, StorageFile source, Data data, String name, String temporaryName)
            throws IOException {
        if (storage.exists(temporaryName)) {
            storage.delete(temporaryName);
        }
        Footer footer;
        long matching;
        try (StorageFile copy = storage.create(temporaryName)) {
            MessageDigest digest = Sha256.newDigest();
            ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, data.end()));
            for (long position = 0; position < data.end(); position += chunk.limit()) {
                readChunk(source, chunk, position, data.end());
                if (data.segment().hasEndMarks()) {
                    EndMark.remove(chunk, 0, chunk.limit(), position);
                }
                if (data.segment().hasDataDigest()) {
                    digest.update(chunk.duplicate());
                }
                copy.writeFully(chunk, position);
            }
            footer = data.footer(data.segment().hasDataDigest() ? Sha256.of(digest) : Sha256.ZERO);
            copy.writeFully(footer.encode(), data.end());
            copy.force();
            matching = endOfMatch(copy, data);
        }
        if (matching < data.end()) {
            storage.delete(temporaryName);
            throw new ChangedException(data.segment().number(), matching, data.end());
        }
        storage.rename(temporaryName, name);
        storage.forceDirectory();
        return footer;
    }

    /**
     * Returns the position up to which the copy matches the scan: the end of the data, if all is well. After a failed
     * force the page cache may drop, between scan and copy, batches that are not on disk.
     */
    private static long endOfMatch(StorageFile copy, Data data) throws IOException {
        BatchScanner scanner = new BatchScanner(copy, data.segment());
        while (scanner.nextUpTo(data.end()) == BatchScanner.Found.BATCH) {
            // The checksum of each batch covers that of the previous batch, so comparing the last one is enough.
        }
        boolean same = scanner.position() == data.end() && scanner.lastBatchCrc() == data.lastBatchCrc();
        return same ? data.end() : Math.min(scanner.position(), data.end() - 1);
    }

    /** Returns what the footer of a segment states: the SHA-256 of the bytes before it, or zeros. */
    public static Sha256 dataSha256(SegmentHeader segment, StorageFile file, long end) throws IOException {
        if (!segment.hasDataDigest()) {
            return Sha256.ZERO;
        }
        MessageDigest digest = Sha256.newDigest();
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, end));
        for (long position = 0; position < end; position += chunk.limit()) {
            readChunk(file, chunk, position, end);
            digest.update(chunk.duplicate());
        }
        return Sha256.of(digest);
    }

    private static void readChunk(StorageFile file, ByteBuffer chunk, long position, long end) throws IOException {
        chunk.clear().limit((int) Math.min(chunk.capacity(), end - position));
        if (file.readFully(chunk, position) < chunk.limit()) {
            throw new IOException("file ends at " + (position + chunk.position()) + "; expected " + end + " bytes");
        }
        chunk.flip();
    }
}
