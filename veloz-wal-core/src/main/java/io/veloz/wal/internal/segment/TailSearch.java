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
 * Looks at what follows the last whole batch, to tell a torn tail from damage: if any batch further on promises that what
 * is missing was on disk, then it was acknowledged. Immutable.
 *
 * <p>A batch further on that is merely whole proves nothing, because disks write out of order. Its promise does.
 *
 * <p>A segment is prepared with zeros to its full size, so nearly all that follows the last batch is zeros, and reading them
 * all takes as long as reading a full segment. A {@linkplain #sampled sampled} search ends after a run of zeros in which the
 * largest batch of the segment has room, if sixty-four pages from there to the end are zero as well. A batch starts where
 * the one before ends, so a lost batch, however large, never hides the next one from it. What it can miss is a disk that has
 * lost more than a whole batch in one piece, exactly from the end of a batch on, and kept a shorter piece after it.
 *
 * @param promisedSequence the highest durable sequence that any batch found there states, 0 if there is none
 * @param end the position behind the last byte that is not zero; the start of the search if all are zero
 */
public record TailSearch(long promisedSequence, long end) {
    private static final int CHUNK_BYTES = 64 * 1024;
    private static final int SAMPLES = 64;
    private static final int SAMPLE_BYTES = 4 * 1024;

    /** Enough to see that a segment holds something: nearly every one does. */
    private static final int BEGINNING_BYTES = 64;

    /** Searches from a position to the end of the file, every byte. */
    public static TailSearch from(StorageFile file, SegmentHeader segment, long from) throws IOException {
        return search(file, segment, from, Long.MAX_VALUE);
    }

    /** Searches from a position as far as anything is likely to be. Reads the zeros that follow only in part. */
    public static TailSearch sampled(StorageFile file, SegmentHeader segment, long from) throws IOException {
        return search(file, segment, from, (long) segment.maxBatchBytes() + BatchHeader.BYTES);
    }

    /** Whether nothing was ever written after the header, as far as a sampled search tells. */
    public static boolean isBlank(StorageFile file, SegmentHeader segment) throws IOException {
        ByteBuffer beginning = ByteBuffer.allocate(BEGINNING_BYTES);
        int available = file.readFully(beginning, SegmentHeader.BYTES);
        return BatchScanner.isZero(beginning, 0, available)
                && sampled(file, segment, SegmentHeader.BYTES).end == SegmentHeader.BYTES;
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
            // A head may lie across two chunks, so the next one starts a head's length early.
            for (int i = 0; i + BatchHeader.BYTES <= available; i += 8) {
                if (BatchHeader.startsAt(chunk, i, segment.salt()) && isBatch(header, chunk, i, segment, checksum)) {
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

    /** Where one of some pages, evenly spread to the end of the file, holds something; -1 if none does. */
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

    private static boolean isBatch(
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
     * Whether the record with that sequence was acknowledged, as far as can be known.
     *
     * @param sequence -1 if it is not known; then any promise proves it, and none does not
     */
    public boolean proves(long sequence) {
        return promisedSequence >= Math.max(1, sequence);
    }
}
