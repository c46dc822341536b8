package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A search of the bytes after the last valid batch, which distinguishes a torn tail from damage. If any later batch
 * states a durable sequence at or above the missing records, those records were acknowledged. Immutable.
 *
 * <p>A later batch that is merely valid proves nothing, because disks write out of order. Only its durable
 * sequence does.
 *
 * <p>A segment is prepared with zeros to its full size, so nearly everything after the last batch is zeros, and reading
 * it all takes as long as reading a full segment. A {@linkplain #sampled sampled} search ends after a run of zeros as
 * long as the largest batch of the segment, if sixty-four pages between there and the end are zero as well. A batch
 * starts at the end of the previous one, so a lost batch, however large, never hides the next batch from the search.
 * The search misses only a disk that lost more than one batch in a contiguous range that starts exactly at the end of a
 * batch, and kept a shorter range after it.
 *
 * @param promisedSequence the highest durable sequence stated by any batch in the searched range, 0 if there is none
 * @param end the position after the last byte that is not zero; the start of the search if all bytes are zero
 */
public record TailSearch(long promisedSequence, long end) {
    private static final int CHUNK_BYTES = 64 * 1024;
    private static final int SAMPLES = 64;
    private static final int SAMPLE_BYTES = 4 * 1024;

    /** Enough to detect the first batch of nearly every segment. */
    private static final int BEGINNING_BYTES = 64;

    /** Searches every byte from a position to the end of the file. */
    public static TailSearch from(StorageFile file, SegmentHeader segment, long from) throws IOException {
        return search(file, segment, from, Long.MAX_VALUE);
    }

    /** Searches from a position up to a long run of zeros, and samples the rest. */
    public static TailSearch sampled(StorageFile file, SegmentHeader segment, long from) throws IOException {
        return search(file, segment, from, (long) segment.maxBatchBytes() + BatchHeader.BYTES);
    }

    /** Returns whether nothing was ever written after the header, as far as a sampled search can detect. */
    public static boolean isBlank(StorageFile file, SegmentHeader segment) throws IOException {
        ByteBuffer beginning = ByteBuffer.allocate(BEGINNING_BYTES);
        int available = file.readFully(beginning, SegmentHeader.BYTES);
        return BatchScanner.isZero(beginning, 0, available)
                && sampled(file, segment, SegmentHeader.BYTES).end == SegmentHeader.BYTES;
    }

    /**
     * Returns whether a batch was at least partially written at a position: either the magic number or all other header
     * fields are intact.
     */
    public static boolean hasBatchStart(StorageFile file, SegmentHeader segment, long position) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(BatchHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int available = file.readFully(bytes, position);
        return (available >= 4 && BatchHeader.startsAt(bytes, 0, segment.salt()))
                || (available == BatchHeader.BYTES
                        && new BatchHeader().decodeIgnoringMagic(bytes, 0, segment, new Checksum()));
    }

    private static TailSearch search(StorageFile file, SegmentHeader segment, long from, long longestGap)
            throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        BatchHeader header = new BatchHeader();
        Checksum checksum = new Checksum();
        long promised = 0;
        long end = from;
        long known = from;
        long position = from;
        while (true) {
            int available = file.readFully(chunk.clear(), position);
            end = Math.max(end, endOfContent(chunk, available, position));
            // A header can span two chunks, so the next chunk overlaps this one by a header's length.
            for (int i = 0; i + BatchHeader.BYTES <= available; i += 8) {
                if (BatchHeader.startsAt(chunk, i, segment.salt()) && isHeader(header, chunk, i, segment, checksum)) {
                    promised = Math.max(promised, header.durableSequence);
                }
            }
            if (available < CHUNK_BYTES) {
                return new TailSearch(promised, end);
            }
            position += CHUNK_BYTES - BatchHeader.BYTES;
            if (position - Math.max(end, known) >= longestGap) {
                known = firstSampleWithContent(file, position);
                if (known < 0) {
                    return new TailSearch(promised, end);
                }
            }
        }
    }

    /** Returns the position of the first of several evenly spaced pages that is not zero; -1 if all are zero. */
    private static long firstSampleWithContent(StorageFile file, long from) throws IOException {
        long size = file.size();
        long stride = Math.max(CHUNK_BYTES, (size - from) / SAMPLES);
        ByteBuffer sample = ByteBuffer.allocate(SAMPLE_BYTES);
        for (long position = from; position < size; position += stride) {
            int available = file.readFully(sample.clear(), position);
            if (!BatchScanner.isZero(sample, 0, available)) {
                return position;
            }
        }
        return -1;
    }

    private static boolean isHeader(
            BatchHeader header, ByteBuffer buffer, int at, SegmentHeader segment, Checksum checksum) {
        try {
            header.decode(buffer, at, segment, checksum);
            return true;
        } catch (DamagedException e) {
            return false;
        }
    }

    private static long endOfContent(ByteBuffer chunk, int available, long position) {
        for (int i = available - 1; i >= 0; i--) {
            if (chunk.get(i) != 0) {
                return position + i + 1;
            }
        }
        return 0;
    }

    /**
     * Returns whether the record with this sequence is known to have been acknowledged.
     *
     * @param sequence -1 if it is not known; then any positive durable sequence is a proof
     */
    public boolean proves(long sequence) {
        return promisedSequence >= Math.max(1, sequence);
    }
}
