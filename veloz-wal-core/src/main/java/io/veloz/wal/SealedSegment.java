package io.veloz.wal;

/**
 * What a sealed segment says of itself, in its footer. The file never changes again. Immutable.
 *
 * @param file its name in the directory
 * @param number 1 for the first segment of a log
 * @param firstSequence of its first record
 * @param lastSequence of its last record
 * @param records how many
 * @param minTimestampNanos the earliest time of any record, in nanoseconds since 1970
 * @param maxTimestampNanos the latest time of any record
 * @param dataBytes where the footer starts
 * @param fileBytes the length of the file
 * @param dataSha256 of the bytes before the footer, 64 hex digits
 */
public record SealedSegment(
        String file,
        long number,
        long firstSequence,
        long lastSequence,
        long records,
        long minTimestampNanos,
        long maxTimestampNanos,
        long dataBytes,
        long fileBytes,
        String dataSha256) {}
