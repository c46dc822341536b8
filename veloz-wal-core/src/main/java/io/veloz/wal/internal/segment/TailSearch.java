package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Looks at everything behind the last whole batch, to tell a torn tail from damage: if any batch further on promises
 * that what is missing was on disk, then it was acknowledged. Immutable.
 *
 * <p>A batch further on that is merely whole proves nothing, because disks write out of order. Its promise does.
 *
 * @param promisedSequence the highest durable sequence that any batch found there states, 0 if there is none
 * @param end the position behind the last byte that is not zero; the start of the search if all are zero
 */
public record TailSearch(long promisedSequence, long end) {

    /** Searches from a position to the end of the file. */
    public static TailSearch from(StorageFile file, SegmentHeader segment, long from) throws IOException {
        FileWindow window = new FileWindow(file);
        BatchHeader header = new BatchHeader();
        Checksum checksum = new Checksum();
        long promised = 0;
        long end = from;
        long position = from;
        while (true) {
            int available = window.load(position, FileWindow.readBytes());
            ByteBuffer buffer = window.buffer();
            int base = window.at(position);
            end = Math.max(end, endOfContent(buffer, base, available, position));
            // A head may lie across two windows, so the next one starts a head's length early.
            for (int i = 0; i + BatchHeader.BYTES <= available; i += 8) {
                if (BatchHeader.startsAt(buffer, base + i, segment.salt())
                        && isBatch(header, buffer, base + i, segment, checksum)) {
                    promised = Math.max(promised, header.durableSequence);
                }
            }
            if (available < FileWindow.readBytes()) {
                return new TailSearch(promised, end);
            }
            position += FileWindow.readBytes() - BatchHeader.BYTES;
        }
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

    private static long endOfContent(ByteBuffer buffer, int base, int available, long position) {
        for (int i = available - 1; i >= 0; i--) {
            if (buffer.get(base + i) != 0) {
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
