package io.veloz.wal;

/**
 * What is known of one segment. Immutable.
 *
 * @param file its name in the directory
 * @param number 1 for the first segment of a log; -1 if it cannot be told
 * @param verdict what is to be thought of it
 * @param firstSequence of its first record, -1 if it has none or they are not known
 * @param lastSequence of its last record, -1 if it has none or they are not known
 * @param records how many
 * @param minTimestampNanos the earliest time of any record, in nanoseconds since 1970; 0 if it has none
 * @param maxTimestampNanos the latest time of any record
 * @param dataBytes up to the end of the last whole batch, with the header
 * @param fileBytes the length of the file
 * @param detail what was found and what was expected, in words; empty if there is nothing to say
 */
public record SegmentReport(
        String file,
        long number,
        Verdict verdict,
        long firstSequence,
        long lastSequence,
        long records,
        long minTimestampNanos,
        long maxTimestampNanos,
        long dataBytes,
        long fileBytes,
        String detail) {

    /** What is to be thought of a segment. */
    public enum Verdict {
        /** Complete and closed by its footer. */
        SEALED,
        /** The one that is written; everything in it is whole. */
        ACTIVE,
        /** Made ahead of its use; holds nothing. */
        PREPARED,
        /** Its end was being written when the writer died, and was never acknowledged. The next open cuts and keeps it. */
        TORN_TAIL,
        /**
         * Complete, but without a whole footer: the writer died between two segments, or the footer is damaged; then {@link
         * SegmentReport#detail} is not empty. The next open makes the footer.
         */
        UNSEALED,
        /** Acknowledged data in it is damaged. */
        CORRUPT,
        /** It should be there, and is not. */
        MISSING,
        /** It belongs to another log, or there are two of it. */
        FOREIGN,
        /** It is written in a format that this version does not know. */
        UNKNOWN_VERSION
    }

    /** Whether a log with this segment can be opened. */
    public boolean isGood() {
        return switch (verdict) {
            case SEALED, ACTIVE, PREPARED, TORN_TAIL, UNSEALED -> true;
            case CORRUPT, MISSING, FOREIGN, UNKNOWN_VERSION -> false;
        };
    }
}
