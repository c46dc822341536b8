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
 * Ends a segment for good: the end marks go, the footer comes behind the data, then the file is cut to size.
 *
 * <p>Crash table. Cut before the first force: a footer in whole, in part or not at all, and the end marks or none. Between
 * the two forces: a whole footer, with or without old bytes behind it. The data is the same in each case, and sealing again,
 * at the next open, ends in the same file. The cut to size waits for the first force: a file without a whole footer that
 * is shorter than it was prepared has lost its end.
 */
public final class SegmentSealer {
    private static final int CHUNK_BYTES = 256 * 1024;

    private SegmentSealer() {}

    /** What is sealed. */
    public record Data(
            SegmentHeader segment, SegmentContent content, long end, int lastBatchCrc, Sha256 previousFooter) {
        /** The footer that the segment gets. */
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
     * @return the footer, which is on disk
     * @throws StorageFullException if there is no room for the footer; call it again when there is
     */
    public static Footer seal(SegmentFile segment, Sha256 previousFooter) throws IOException {
        StorageFile file = segment.file();
        long end = segment.position();
        Data data = new Data(segment.segment(), segment.content(), end, segment.lastBatchCrc(), previousFooter);
        if (data.segment().hasEndMarks()) {
            file.writeFully(EndMark.zeros(), EndMark.zerosAt());
        }
        Footer footer = data.footer(digest(file, end));
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
            // Not a lack of room any more, but a failed force: not to be tried again.
            throw new IOException("force of segment " + segment.number() + ": " + e.getMessage(), e);
        }
    }

    /** What was copied is not what a scan has found a moment ago. Nothing of the copy is left; look again. */
    public static final class ChangedException extends IOException {
        private static final long serialVersionUID = 1;

        ChangedException(long number, long position, long end) {
            super("segment " + number + " changed while it was read: whole batches up to " + position + "; expected "
                    + end);
        }
    }

    /**
     * Makes a sealed copy of a segment, of which a scan has found the content. The source is only read.
     *
     * @return the footer of the copy, which is on disk, under its name
     * @throws ChangedException if the source was read with other bytes than by the scan
     */
    public static Footer sealCopy(Storage storage, StorageFile source, Data data, String name, String temporaryName)
            throws IOException {
        if (storage.list().contains(temporaryName)) {
            storage.delete(temporaryName);
        }
        Footer footer;
        long whole;
        try (StorageFile copy = storage.create(temporaryName)) {
            MessageDigest digest = Sha256.newDigest();
            ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, data.end()));
            for (long position = 0; position < data.end(); position += chunk.limit()) {
                readChunk(source, chunk, position, data.end());
                if (data.segment().hasEndMarks()) {
                    EndMark.remove(chunk, 0, chunk.limit(), position);
                }
                digest.update(chunk.duplicate());
                copy.writeFully(chunk, position);
            }
            footer = data.footer(Sha256.of(digest));
            copy.writeFully(footer.encode(), data.end());
            copy.force();
            whole = endOfWhatWasScanned(copy, data);
        }
        if (whole < data.end()) {
            storage.delete(temporaryName);
            throw new ChangedException(data.segment().number(), whole, data.end());
        }
        storage.rename(temporaryName, name);
        storage.forceDirectory();
        return footer;
    }

    /**
     * Where the copy stops being what the scan has found: at its end, if all is well. After a failed force the page cache may
     * have forgotten, between scan and copy, what it alone knew.
     */
    private static long endOfWhatWasScanned(StorageFile copy, Data data) throws IOException {
        BatchScanner scanner = new BatchScanner(copy, data.segment());
        while (scanner.nextUpTo(data.end()) == BatchScanner.Found.BATCH) {
            // The checksum of each covers that of the one before, so the last one stands for all.
        }
        boolean same = scanner.position() == data.end() && scanner.lastBatchCrc() == data.lastBatchCrc();
        return same ? data.end() : Math.min(scanner.position(), data.end() - 1);
    }

    /** The SHA-256 of the first bytes of a file. */
    public static Sha256 digest(StorageFile file, long end) throws IOException {
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
