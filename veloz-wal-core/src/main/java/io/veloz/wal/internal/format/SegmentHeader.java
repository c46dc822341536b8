package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The first page of a segment: which log, which segment, in which format. Immutable; written once, when the segment is
 * prepared. See docs/format.md, "Segment header".
 *
 * @param salt random for every segment that is created; under the checksum of everything in it, so that bytes of another
 *     file, or of an earlier life of this one, never count
 * @param maxBatchBytes no batch in the segment is longer; bounds what a reader must hold
 * @param readOnlyCompatible feature flags that a reader may ignore and a writer must know; this version knows none
 */
public record SegmentHeader(
        LogId logId,
        long number,
        long salt,
        long segmentBytes,
        int maxBatchBytes,
        long createdNanos,
        int readOnlyCompatible) {
    public static final int BYTES = 4096;
    public static final int VERSION = 1;

    /** The highest number whose file name has 16 digits. */
    public static final long MAX_NUMBER = 9_999_999_999_999_999L;

    /** No segment states more, so no reader allocates more for what a file says. */
    public static final int MAX_BATCH_BYTES = 64 * 1024 * 1024;

    /** "VELOZWAL" in a hex dump. */
    private static final long MAGIC = magic("VELOZWAL");

    /** What old logs of the engine start with. */
    private static final int LEGACY_MAGIC = 0x57414C45;

    private static final int VERSION_AT = 8;
    private static final int READ_ONLY_COMPATIBLE_AT = 16;
    private static final int INCOMPATIBLE_AT = 20;
    private static final int LOG_ID_AT = 24;
    private static final int NUMBER_AT = 40;
    private static final int SALT_AT = 48;
    private static final int SEGMENT_BYTES_AT = 56;
    private static final int MAX_BATCH_BYTES_AT = 64;
    private static final int CREATED_AT = 72;
    private static final int CRC_AT = BYTES - 4;

    static long magic(String eightLetters) {
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = (value << 8) | eightLetters.charAt(i);
        }
        return value;
    }

    /** Of a segment that this version writes: without feature flags. */
    public SegmentHeader(LogId logId, long number, long salt, long segmentBytes, int maxBatchBytes, long createdNanos) {
        this(logId, number, salt, segmentBytes, maxBatchBytes, createdNanos, 0);
    }

    /** The page, ready to be written. */
    public ByteBuffer encode() {
        if (number > MAX_NUMBER) {
            throw new IllegalStateException("segment number " + number + ": the last one is " + MAX_NUMBER);
        }
        ByteBuffer page = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        page.putLong(0, MAGIC);
        page.putInt(VERSION_AT, VERSION);
        page.putInt(READ_ONLY_COMPATIBLE_AT, readOnlyCompatible);
        page.putLong(LOG_ID_AT, logId.high());
        page.putLong(LOG_ID_AT + 8, logId.low());
        page.putLong(NUMBER_AT, number);
        page.putLong(SALT_AT, salt);
        page.putLong(SEGMENT_BYTES_AT, segmentBytes);
        page.putInt(MAX_BATCH_BYTES_AT, maxBatchBytes);
        page.putLong(CREATED_AT, createdNanos);
        page.putInt(CRC_AT, new Checksum().of(page, 0, CRC_AT));
        return page;
    }

    /**
     * Reads a page.
     *
     * @param page at least {@link #BYTES} from position 0, or less if the file is shorter
     * @throws UnknownFormatException if this is a log of another kind or a newer version
     * @throws DamagedException if it is, or should be, a page of ours and does not hold
     */
    public static SegmentHeader decode(ByteBuffer page, int available) throws UnknownFormatException, DamagedException {
        if (available >= 8 && page.getInt(0) == LEGACY_MAGIC && page.getInt(4) == 1) {
            throw new UnknownFormatException(
                    "an order log of the old engine; expected a veloz-wal segment; read it with the legacy reader, or import it");
        }
        if (available < BYTES) {
            throw new DamagedException("file has " + available + " bytes; expected a header of " + BYTES);
        }
        if (page.getLong(0) != MAGIC) {
            throw new DamagedException(
                    String.format("header starts with %016x; expected %016x (\"VELOZWAL\")", page.getLong(0), MAGIC));
        }
        int crc = new Checksum().of(page, 0, CRC_AT);
        if (crc != page.getInt(CRC_AT)) {
            throw new DamagedException(String.format("header checksum %08x; expected %08x", crc, page.getInt(CRC_AT)));
        }
        checkVersion(page);
        return checked(new SegmentHeader(
                new LogId(page.getLong(LOG_ID_AT), page.getLong(LOG_ID_AT + 8)),
                page.getLong(NUMBER_AT),
                page.getLong(SALT_AT),
                page.getLong(SEGMENT_BYTES_AT),
                page.getInt(MAX_BATCH_BYTES_AT),
                page.getLong(CREATED_AT),
                page.getInt(READ_ONLY_COMPATIBLE_AT)));
    }

    /** Whether these may be the first bytes of a page of ours that was not written to its end: none at all will do. */
    public static boolean mayHaveBegun(ByteBuffer page, int available) {
        boolean ours = true;
        for (int i = 0; i < Math.min(available, 8); i++) {
            ours &= page.get(i) == 0 || page.get(i) == (byte) (MAGIC >>> (8 * i));
        }
        return ours;
    }

    private static void checkVersion(ByteBuffer page) throws UnknownFormatException {
        int version = page.getInt(VERSION_AT);
        if (version != VERSION) {
            throw new UnknownFormatException("format version " + version + "; this library knows version " + VERSION);
        }
        int incompatible = page.getInt(INCOMPATIBLE_AT);
        if (incompatible != 0) {
            throw new UnknownFormatException(
                    String.format("feature flags incompatible=%08x; this library knows none", incompatible));
        }
    }

    private static SegmentHeader checked(SegmentHeader header) throws DamagedException {
        if (header.number < 1
                || header.number > MAX_NUMBER
                || header.segmentBytes < BYTES
                || header.maxBatchBytes < BatchHeader.BYTES
                || header.maxBatchBytes > header.segmentBytes
                || header.maxBatchBytes > MAX_BATCH_BYTES) {
            throw new DamagedException("impossible header " + header);
        }
        return header;
    }
}
