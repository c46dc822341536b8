package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * The head of a batch, the atomic unit of a file. A reusable view that belongs to one thread. See docs/format.md,
 * "Batch".
 */
public final class BatchHeader {
    public static final int BYTES = 56;
    public static final int MAGIC = 0x48435442; // "BTCH"

    /** The batch starts with a {@link Predecessor}: it is the first of its segment. */
    public static final int OPENS_SEGMENT = 1;

    /** The records between the last one before and this batch's first are lost, and somebody has accepted that. */
    public static final int DECLARES_LOSS = 1 << 1;

    private static final int KNOWN_FLAGS = OPENS_SEGMENT | DECLARES_LOSS;
    private static final int LENGTH_AT = 4;
    private static final int FIRST_SEQUENCE_AT = 8;
    private static final int DURABLE_SEQUENCE_AT = 16;
    private static final int RECORD_COUNT_AT = 24;
    private static final int FLAGS_AT = 28;
    private static final int WALL_NANOS_AT = 32;
    private static final int PREVIOUS_CRC_AT = 40;
    private static final int RECORDS_CRC_AT = 44;
    private static final int CRC_AT = 52;

    /** Of the whole batch with its header, in bytes. */
    public int length;

    /** Of the first record, or of the next one to come if the batch has none. */
    public long firstSequence;

    /** Everything up to here was on disk when the batch was written: the promise that tells torn from damaged. */
    public long durableSequence;

    public int recordCount;
    public int flags;
    public long wallNanos;
    public int previousCrc;

    /** Over the checksums of the records, in order: so the header's own checksum stands for the content. */
    public int recordsCrc;

    public int crc;

    public long lastSequence() {
        return firstSequence + recordCount - 1;
    }

    public boolean opensSegment() {
        return (flags & OPENS_SEGMENT) != 0;
    }

    public boolean declaresLoss() {
        return (flags & DECLARES_LOSS) != 0;
    }

    /** Position of the first record, from the start of the batch. */
    public int recordsAt() {
        return BYTES + (opensSegment() ? Predecessor.BYTES : 0);
    }

    /** Writes all fields, and sets {@link #crc}. */
    public void encode(ByteBuffer buffer, int at, long salt, Checksum checksum) {
        buffer.putInt(at, MAGIC ^ (int) salt);
        buffer.putInt(at + LENGTH_AT, length);
        buffer.putLong(at + FIRST_SEQUENCE_AT, firstSequence);
        buffer.putLong(at + DURABLE_SEQUENCE_AT, durableSequence);
        buffer.putInt(at + RECORD_COUNT_AT, recordCount);
        buffer.putInt(at + FLAGS_AT, flags);
        buffer.putLong(at + WALL_NANOS_AT, wallNanos);
        buffer.putInt(at + PREVIOUS_CRC_AT, previousCrc);
        buffer.putInt(at + RECORDS_CRC_AT, recordsCrc);
        buffer.putInt(at + RECORDS_CRC_AT + 4, 0);
        crc = crc(buffer, at, salt, checksum);
        buffer.putInt(at + CRC_AT, crc);
    }

    /** Whether a batch of this segment may start here: enough to be worth a closer look. */
    public static boolean startsAt(ByteBuffer buffer, int at, long salt) {
        return buffer.getInt(at) == (MAGIC ^ (int) salt);
    }

    /**
     * Reads all fields.
     *
     * @param buffer at least {@link #BYTES} from {@code at}
     * @throws DamagedException if it is not the head of a batch of this segment
     */
    public void decode(ByteBuffer buffer, int at, SegmentHeader segment, Checksum checksum) throws DamagedException {
        if (!startsAt(buffer, at, segment.salt())) {
            throw new DamagedException(String.format(
                    Locale.ROOT,
                    "batch starts with %08x; expected %08x",
                    buffer.getInt(at),
                    MAGIC ^ (int) segment.salt()));
        }
        int expected = crc(buffer, at, segment.salt(), checksum);
        crc = buffer.getInt(at + CRC_AT);
        if (crc != expected) {
            throw new DamagedException(String.format(Locale.ROOT, "batch checksum %08x; expected %08x", crc, expected));
        }
        length = buffer.getInt(at + LENGTH_AT);
        firstSequence = buffer.getLong(at + FIRST_SEQUENCE_AT);
        durableSequence = buffer.getLong(at + DURABLE_SEQUENCE_AT);
        recordCount = buffer.getInt(at + RECORD_COUNT_AT);
        flags = buffer.getInt(at + FLAGS_AT);
        wallNanos = buffer.getLong(at + WALL_NANOS_AT);
        previousCrc = buffer.getInt(at + PREVIOUS_CRC_AT);
        recordsCrc = buffer.getInt(at + RECORDS_CRC_AT);
        checkLimits(segment);
    }

    /**
     * Whether here is the head of a batch of this segment whose first word is damaged, and nothing else of it. Mends the
     * word in the buffer.
     */
    public boolean decodeWithoutStart(ByteBuffer buffer, int at, SegmentHeader segment, Checksum checksum) {
        buffer.putInt(at, MAGIC ^ (int) segment.salt());
        try {
            decode(buffer, at, segment, checksum);
            return true;
        } catch (DamagedException e) {
            return false;
        }
    }

    private void checkLimits(SegmentHeader segment) throws DamagedException {
        if ((flags & ~KNOWN_FLAGS) != 0) {
            throw new DamagedException(
                    String.format(Locale.ROOT, "batch flags %08x; known are %08x", flags, KNOWN_FLAGS));
        }
        if (length < recordsAt() || length > segment.maxBatchBytes() || length % 8 != 0) {
            throw new DamagedException("batch length " + length + "; expected a multiple of 8 from " + recordsAt()
                    + " to " + segment.maxBatchBytes());
        }
        if (recordCount < 0 || recordCount > (length - recordsAt()) / RecordLayout.HEADER_BYTES) {
            throw new DamagedException(recordCount + " records in a batch of " + length + " bytes");
        }
        boolean overflows = firstSequence > Long.MAX_VALUE - recordCount;
        if (firstSequence < 1 || overflows || durableSequence < 0 || durableSequence >= firstSequence) {
            throw new DamagedException(
                    "batch with first sequence " + firstSequence + " and durable sequence " + durableSequence);
        }
    }

    private static int crc(ByteBuffer buffer, int at, long salt, Checksum checksum) {
        return checksum.start(salt, BYTES).add(buffer, at, CRC_AT).value();
    }
}
