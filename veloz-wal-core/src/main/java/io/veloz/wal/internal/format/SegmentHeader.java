package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The first page of a segment, which identifies the log, the segment and the format version. Immutable. It is written
 * once, when the segment is prepared; only the end marks change later. See docs/format.md, "Segment header".
 *
 * @param salt random for every segment that is created, and part of every checksum in it. Bytes of another file, or of
 *     an earlier use of the same blocks, never pass a checksum
 * @param maxBatchBytes upper bound of the length of a batch in the segment, and of the memory that a reader needs
 * @param readOnlyCompatible feature flags that a reader may ignore and a writer must know; this version knows none
 * @param incompatible feature flags that a reader must know
 */
public record SegmentHeader(
        LogId logId,
        long number,
        long salt,
        long segmentBytes,
        int maxBatchBytes,
        long createdNanos,
        int readOnlyCompatible,
        int incompatible) {
    public static final int BYTES = 4096;
    public static final int VERSION = 1;

    /** The highest number whose file name has 16 digits. */
    public static final long MAX_NUMBER = 9_999_999_999_999_999L;

    /** Upper bound for {@code maxBatchBytes}. It limits the allocation that a damaged file can cause in a reader. */
    public static final int MAX_BATCH_BYTES = 64 * 1024 * 1024;

    public static final long MAX_SEGMENT_BYTES = 1L << 40;

    /** "VELOZWAL" in a hex dump. */
    private static final long MAGIC = magic("VELOZWAL");

    /** The magic number of the engine's old log files. */
    private static final int LEGACY_MAGIC = 0x57414C45;

    /** The incompatible feature flag of {@link EndMark}. */
    private static final int END_MARKS = 1;

    /** The incompatible feature flag of a footer without the SHA-256 of the data. */
    private static final int NO_DATA_DIGEST = 2;

    private static final int KNOWN_INCOMPATIBLE = END_MARKS | NO_DATA_DIGEST;
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

    /** Creates the header of a segment without feature flags. */
    public SegmentHeader(LogId logId, long number, long salt, long segmentBytes, int maxBatchBytes, long createdNanos) {
        this(logId, number, salt, segmentBytes, maxBatchBytes, createdNanos, 0, 0);
    }

    /**
     * Returns the header of a segment that is prepared at its full length and then written by appends: with end marks, and
     * without the SHA-256 of its data in the footer, which the seal of a segment has no time to compute.
     */
    public SegmentHeader prepared() {
        return new SegmentHeader(
                logId,
                number,
                salt,
                segmentBytes,
                maxBatchBytes,
                createdNanos,
                readOnlyCompatible,
                END_MARKS | NO_DATA_DIGEST);
    }

    /** Returns this header with another size. */
    public SegmentHeader withSegmentBytes(long bytes) {
        return new SegmentHeader(
                logId, number, salt, bytes, maxBatchBytes, createdNanos, readOnlyCompatible, incompatible);
    }

    /** Returns whether the page may contain an {@link EndMark}. */
    public boolean hasEndMarks() {
        return (incompatible & END_MARKS) != 0;
    }

    /** Returns whether the footer states the SHA-256 of the data; otherwise it has zeros in its place. */
    public boolean hasDataDigest() {
        return (incompatible & NO_DATA_DIGEST) == 0;
    }

    /** Returns the page, ready to be written. */
    public ByteBuffer encode() {
        if (number > MAX_NUMBER) {
            throw new IllegalStateException("segment number " + number + ": the last one is " + MAX_NUMBER);
        }
        ByteBuffer page = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        page.putLong(0, MAGIC);
        page.putInt(VERSION_AT, VERSION);
        page.putInt(READ_ONLY_COMPATIBLE_AT, readOnlyCompatible);
        page.putInt(INCOMPATIBLE_AT, incompatible);
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
     * @param page at least {@link #BYTES} from position 0, or fewer if the file is shorter
     * @throws UnknownFormatException if this is a log of another kind or of a newer version
     * @throws DamagedException if the page is truncated, or a checksum or field is invalid
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
            throw new DamagedException(String.format(
                    Locale.ROOT, "header starts with %016x; expected %016x (\"VELOZWAL\")", page.getLong(0), MAGIC));
        }
        boolean hasEndMarks = (page.getInt(INCOMPATIBLE_AT) & END_MARKS) != 0;
        int crc = hasEndMarks ? EndMark.checksumWithout(page, CRC_AT) : new Checksum().of(page, 0, CRC_AT);
        if (crc != page.getInt(CRC_AT)) {
            throw new DamagedException(
                    String.format(Locale.ROOT, "header checksum %08x; expected %08x", crc, page.getInt(CRC_AT)));
        }
        checkVersion(page);
        return checked(new SegmentHeader(
                new LogId(page.getLong(LOG_ID_AT), page.getLong(LOG_ID_AT + 8)),
                page.getLong(NUMBER_AT),
                page.getLong(SALT_AT),
                page.getLong(SEGMENT_BYTES_AT),
                page.getInt(MAX_BATCH_BYTES_AT),
                page.getLong(CREATED_AT),
                page.getInt(READ_ONLY_COMPATIBLE_AT),
                page.getInt(INCOMPATIBLE_AT)));
    }

    /** Returns the newest end mark in the page, or null if it has none. */
    public @Nullable EndMark endMark(ByteBuffer page) {
        return hasEndMarks() ? EndMark.newest(page, salt) : null;
    }

    /**
     * Returns whether a file that ends inside its header page can be the beginning of a page that was not
     * completely written.
     */
    public static boolean isPartial(ByteBuffer page, int available) {
        boolean ours = true;
        for (int i = 0; i < Math.min(available, 8); i++) {
            ours &= page.get(i) == 0 || page.get(i) == (byte) (MAGIC >>> (8 * i));
        }
        return ours;
    }

    /** Checks the length of the file against the header, so that a scan never reads terabytes of trailing zeros. */
    public void checkFileBytes(long fileBytes) throws DamagedException {
        long most = segmentBytes + Footer.MAX_BYTES;
        if (fileBytes > most) {
            throw new DamagedException("file of " + fileBytes + " bytes; expected " + most + " at most: " + segmentBytes
                    + " for batches, and a footer");
        }
    }

    private static void checkVersion(ByteBuffer page) throws UnknownFormatException {
        int version = page.getInt(VERSION_AT);
        if (version != VERSION) {
            throw new UnknownFormatException("format version " + version + "; this library knows version " + VERSION);
        }
        int incompatible = page.getInt(INCOMPATIBLE_AT);
        if ((incompatible & ~KNOWN_INCOMPATIBLE) != 0) {
            throw new UnknownFormatException(String.format(
                    Locale.ROOT,
                    "feature flags incompatible=%08x; this library knows %08x",
                    incompatible,
                    KNOWN_INCOMPATIBLE));
        }
    }

    private static SegmentHeader checked(SegmentHeader header) throws DamagedException {
        if (header.number < 1
                || header.number > MAX_NUMBER
                || header.segmentBytes < BYTES
                || header.segmentBytes > MAX_SEGMENT_BYTES
                || header.maxBatchBytes < BatchHeader.BYTES
                || header.maxBatchBytes > header.segmentBytes
                || header.maxBatchBytes > MAX_BATCH_BYTES) {
            throw new DamagedException("impossible header " + header);
        }
        return header;
    }
}
