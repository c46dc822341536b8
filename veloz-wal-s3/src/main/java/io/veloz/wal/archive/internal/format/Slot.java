package io.veloz.wal.archive.internal.format;

import java.time.Instant;

/**
 * One numbered object of the ship log: data, commit and fence in one. Immutable. See docs/archive.md, "Slots".
 *
 * @param logId 32 hex digits: the log that the archive belongs to
 * @param origin SHA-256 of {@code log.json}; empty if a version wrote it that did not know the field
 * @param number 1, 2, 3 …
 * @param epoch of the writer who made it: 1, 2, 3 …; grows with every writer that takes office
 * @param writer 32 hex digits that tell this term of office from every other
 * @param host where the writer runs, for people
 * @param written when, by the writer's clock; for people, orders nothing
 * @param previous SHA-256 of the slot before
 * @param kept the last slot before this one that is never deleted: any but a tail
 * @param archived how far the archive reaches with this slot
 * @param part what it holds
 */
public record Slot(
        String logId,
        String origin,
        long number,
        long epoch,
        String writer,
        String host,
        Instant written,
        String previous,
        SlotRef kept,
        Archived archived,
        Part part) {

    /** A slot by its number and digest. Number 0 and {@link Digest#NONE} if there is none. */
    public record SlotRef(long number, String sha256) {
        public static final SlotRef NONE = new SlotRef(0, Digest.NONE);
    }

    /**
     * How far a copy reaches.
     *
     * @param segment the last one of which there is anything; 0 if there is nothing
     * @param position where in it the copy ends; in a sealed segment the length of the file
     * @param sequence of the last record in it
     */
    public record Archived(long segment, long position, long sequence) {
        public static final Archived NOTHING = new Archived(0, 0, 0);
    }

    /** What a slot holds. */
    public sealed interface Part permits Epoch, Tail, Segment, Attachment, Gap {}

    /**
     * A writer acquires the next epoch. From here on slots of lower epochs count no more.
     *
     * @param logJson the text of {@code log.json}; empty if a version wrote it that did not know the field
     */
    public record Epoch(String logJson) implements Part {}

    /**
     * Durable bytes of a segment that was not sealed yet; they are the slot's content.
     *
     * @param segment its number
     * @param position where in the segment they begin
     * @param endPosition where they end, with a whole batch
     * @param firstSequence of the first record in them
     * @param lastSequence of the last record in them
     * @param sha256 of the bytes
     */
    public record Tail(
            long segment, long position, long endPosition, long firstSequence, long lastSequence, String sha256)
            implements Part {}

    /**
     * A sealed segment that was uploaded as an object of its own, and counts from here on.
     *
     * @param number of the segment
     * @param key of the object
     * @param objectBytes its size: LZ4 frames
     * @param objectSha256 of the object
     * @param fileBytes the size of the sealed file, which is the object's content
     * @param fileSha256 of the sealed file
     * @param dataBytes where in it the footer starts
     * @param firstSequence of its first record
     * @param lastSequence of its last record
     * @param records how many
     * @param minTimestampNanos the earliest time of any record
     * @param maxTimestampNanos the latest time of any record
     */
    public record Segment(
            long number,
            String key,
            long objectBytes,
            String objectSha256,
            long fileBytes,
            String fileSha256,
            long dataBytes,
            long firstSequence,
            long lastSequence,
            long records,
            long minTimestampNanos,
            long maxTimestampNanos)
            implements Part {}

    /**
     * Something that belongs to a record, uploaded as an object of its own: a checkpoint.
     *
     * @param name what it is: "checkpoint"
     * @param sequence it covers every record up to this one
     * @param key of the object
     * @param objectBytes its size: LZ4 frames
     * @param objectSha256 of the object
     * @param fileBytes the size of the content
     * @param fileSha256 of the content
     */
    public record Attachment(
            String name,
            long sequence,
            String key,
            long objectBytes,
            String objectSha256,
            long fileBytes,
            String fileSha256)
            implements Part {}

    /**
     * Records that will never be in the archive, and whose loss somebody has accepted.
     *
     * @param firstSequence of the first one
     * @param lastSequence of the last one
     * @param nextSegment with which the archive goes on, from its beginning
     * @param reason in words
     */
    public record Gap(long firstSequence, long lastSequence, long nextSegment, String reason) implements Part {}

    /** Whether it is never deleted. Tails go when their segment is there as a whole. */
    public boolean isKept() {
        return !(part instanceof Tail);
    }
}
