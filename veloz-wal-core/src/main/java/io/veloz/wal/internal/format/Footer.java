package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * The summary at the end of a sealed segment, which lets recovery and readers skip its data. Immutable. See
 * docs/format.md, "Footer".
 *
 * @param firstSequence sequence of the first record
 * @param lastSequence sequence of the last record
 * @param dataEnd the position after the last batch, where the footer starts
 * @param dataSha256 SHA-256 of the bytes from 0 to {@code dataEnd}; zeros if it is not stated
 * @param previousFooterSha256 SHA-256 of the previous segment's footer, zeros if there is none: the footer chain
 */
public record Footer(
        long number,
        long salt,
        long firstSequence,
        long lastSequence,
        long recordCount,
        long batchCount,
        long minTimestampNanos,
        long maxTimestampNanos,
        long dataEnd,
        int lastBatchCrc,
        Sha256 dataSha256,
        Sha256 previousFooterSha256,
        SparseIndex index) {
    public static final int TRAILER_BYTES = 16;
    private static final long MAGIC = SegmentHeader.magic("VELOZFTR");
    private static final long END_MAGIC = SegmentHeader.magic("VELOZEND");
    private static final int FIXED_BYTES = 160;
    private static final int MIN_BYTES = FIXED_BYTES + TRAILER_BYTES;
    public static final int MAX_BYTES = MIN_BYTES + SparseIndex.MAX_ENTRIES * SparseIndex.ENTRY_BYTES;

    /** Returns a copy without the index, which is its largest part, to be kept in memory. */
    public Footer withoutIndex() {
        return new Footer(
                number,
                salt,
                firstSequence,
                lastSequence,
                recordCount,
                batchCount,
                minTimestampNanos,
                maxTimestampNanos,
                dataEnd,
                lastBatchCrc,
                dataSha256,
                previousFooterSha256,
                SparseIndex.NONE);
    }

    public boolean statesDataSha256() {
        return !dataSha256.equals(Sha256.ZERO);
    }

    public ByteBuffer encode() {
        int bytes = MIN_BYTES + index.size() * SparseIndex.ENTRY_BYTES;
        ByteBuffer out = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(MAGIC).putInt(bytes).putInt(index.size());
        out.putLong(number).putLong(salt);
        out.putLong(firstSequence).putLong(lastSequence).putLong(recordCount).putLong(batchCount);
        out.putLong(minTimestampNanos).putLong(maxTimestampNanos);
        out.putLong(dataEnd).putInt(lastBatchCrc).putInt(0);
        dataSha256.encode(out);
        previousFooterSha256.encode(out);
        index.encode(out);
        out.putInt(bytes).putInt(new Checksum().of(out, 0, bytes - 12)).putLong(END_MAGIC);
        return out.flip();
    }

    /**
     * Returns the footer length stored in the last {@link #TRAILER_BYTES} of a file, or -1 if they are not the trailer
     * of a footer.
     */
    public static int lengthFromTrailer(ByteBuffer trailer, int at) {
        int bytes = trailer.getInt(at);
        boolean plausible = trailer.getLong(at + 8) == END_MAGIC && bytes >= MIN_BYTES && bytes <= MAX_BYTES;
        return plausible ? bytes : -1;
    }

    /** Returns the footer length stored in its first 16 bytes, or -1 if no footer starts here. */
    public static int lengthFromStart(ByteBuffer start, int at) {
        int bytes = start.getInt(at + 8);
        boolean plausible = start.getLong(at) == MAGIC && bytes >= MIN_BYTES && bytes <= MAX_BYTES;
        return plausible ? bytes : -1;
    }

    /**
     * Reads a footer.
     *
     * @param in exactly the bytes of the footer, from position 0 to the limit
     */
    public static Footer decode(ByteBuffer in, SegmentHeader segment) throws DamagedException {
        in.order(ByteOrder.LITTLE_ENDIAN);
        int bytes = in.limit();
        if (bytes < MIN_BYTES || lengthFromStart(in, 0) != bytes || lengthFromTrailer(in, bytes - 16) != bytes) {
            throw new DamagedException(bytes + " bytes that are not a complete footer");
        }
        int crc = new Checksum().of(in, 0, bytes - 12);
        if (crc != in.getInt(bytes - 12)) {
            throw new DamagedException(
                    String.format(Locale.ROOT, "footer checksum %08x; expected %08x", crc, in.getInt(bytes - 12)));
        }
        int entries = in.getInt(12);
        if (entries != (bytes - MIN_BYTES) / SparseIndex.ENTRY_BYTES) {
            throw new DamagedException("footer of " + bytes + " bytes with " + entries + " index entries");
        }
        if (in.getLong(16) != segment.number() || in.getLong(24) != segment.salt()) {
            throw new DamagedException("footer of segment " + in.getLong(16) + "; expected " + segment.number());
        }
        return new Footer(
                in.getLong(16),
                in.getLong(24),
                in.getLong(32),
                in.getLong(40),
                in.getLong(48),
                in.getLong(56),
                in.getLong(64),
                in.getLong(72),
                in.getLong(80),
                in.getInt(88),
                Sha256.decode(in, 96),
                Sha256.decode(in, 96 + Sha256.BYTES),
                SparseIndex.decode(in, FIXED_BYTES, entries, in.getLong(80)));
    }
}
