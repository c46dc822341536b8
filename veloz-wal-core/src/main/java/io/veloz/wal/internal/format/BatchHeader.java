package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * The header of a batch, which is the atomic unit of a segment. A reusable view, confined to one thread. See
 * docs/format.md, "Batch".
 */
public final class BatchHeader {
    public static final int BYTES = 56;
    public static final int MAGIC = 0x48435442; // "BTCH"

    /** The batch starts with a {@link Predecessor}, because it is the first batch of its segment. */
    public static final int OPENS_SEGMENT = 1;

    /** The records between the previous batch and this one are lost, and a salvage has declared the loss. */
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

    /** Length of the batch in bytes, header included. */
    public int length;

    /** Sequence of the first record. If the batch has no records, the sequence that the next record will get. */
    public long firstSequence;

    /**
     * All records up to this sequence were durable when the batch was written. Recovery uses it to distinguish a torn
     * tail from damage.
     */
    public long durableSequence;

    public int recordCount;
    public int flags;
    public long wallNanos;
    public int previousCrc;

    /**
     * Checksum over the checksums of the records, in order. Through it the header's own checksum covers the content.
     */
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

    /** Returns the offset of the first record from the start of the batch. */
    public int recordsAt() {
        return BYTES + (opensSegment() ? Predecessor.BYTES : 0);
    }

    /** Writes all fields and sets {@link #crc}. */
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

    /** Returns whether the magic number of a batch of this segment is at this position. The batch is not verified. */
    public static boolean startsAt(ByteBuffer buffer, int at, long salt) {
        return buffer.getInt(at) == (MAGIC ^ (int) salt);
    }

    /**
     * Reads all fields.
     *
     * @param buffer has at least {@link #BYTES} bytes from {@code at}
     * @throws DamagedException if the bytes are not a valid batch header of this segment
     */
    public void decode(ByteBuffer buffer, int at, SegmentHeader segment, Checksum checksum) throws DamagedException {
        if (!startsAt(buffer, at, segment.salt())) {
            throw new DamagedException(String.format(
                    Locale.ROOT, "batch magic %08x; expected %08x", buffer.getInt(at), MAGIC ^ (int) segment.salt()));
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
     * Returns whether the bytes are a batch header of this segment of which only the magic number is damaged. Restores
     * the magic number in the buffer.
     */
    public boolean decodeIgnoringMagic(ByteBuffer buffer, int at, SegmentHeader segment, Checksum checksum) {
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
            throw new DamagedException("batch of " + length + " bytes with a record count of " + recordCount);
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
