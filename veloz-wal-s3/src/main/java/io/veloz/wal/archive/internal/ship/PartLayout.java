package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.StoredFrame;

/**
 * Into how many objects a file is divided. Immutable.
 *
 * @param partBytes the size of each part of the file but the last one; 0 if the file is one object
 */
record PartLayout(long partBytes) {
    /** A file that is one object. */
    static final PartLayout WHOLE = new PartLayout(0);

    /** A segment is divided if it has more data than this number of parts. */
    private static final int UNDIVIDED_PARTS = 4;

    /**
     * Returns the layout of a segment. It is decided by the size of the segment and not of its object, as that is only known
     * when the segment has been compressed.
     *
     * @param dataBytes the size of the segment without its footer
     * @param fileBytes the size of the segment
     * @param partBytes the size of a part. Of a segment with too many parts, each is a multiple of it
     */
    static PartLayout of(long dataBytes, long fileBytes, long partBytes) {
        if (dataBytes <= UNDIVIDED_PARTS * partBytes) {
            return WHOLE;
        }
        long largest = StoredFrame.MAX_PARTS * partBytes;
        return new PartLayout((fileBytes + largest - 1) / largest * partBytes);
    }

    /**
     * Returns the layout of a file that is stored already. If another writer has made its first part so small that there would be
     * too many of this size, the parts are larger.
     */
    static PartLayout like(StoredFile stored) {
        if (stored.parts().isEmpty()) {
            return WHOLE;
        }
        long smallest = (stored.fileBytes() + StoredFrame.MAX_PARTS - 1) / StoredFrame.MAX_PARTS;
        return new PartLayout(Math.max(smallest, stored.parts().get(0).fileBytes()));
    }

    boolean isWhole() {
        return partBytes == 0;
    }

    /** Returns the number of objects. */
    int parts(long fileBytes) {
        return isWhole() ? 1 : (int) ((fileBytes + partBytes - 1) / partBytes);
    }
}
