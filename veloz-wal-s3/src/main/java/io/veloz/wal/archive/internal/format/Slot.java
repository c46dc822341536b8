package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.crypt.Encryption;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A numbered object of the ship log, which is data, commit and fence at once. Immutable. See docs/archive.md, "Slots".
 *
 * @param logId 32 hex digits: the log that the archive belongs to
 * @param origin SHA-256 of {@code log.json}; empty if written by a version without this field
 * @param number 1, 2, 3 …
 * @param epoch of the writer: 1, 2, 3 …
 * @param writer 32 hex digits, unique among all writers
 * @param host of the writer; informational
 * @param written by the clock of the writer; informational, does not define an order
 * @param previous SHA-256 of the previous slot
 * @param kept the last slot before this one that is never deleted, which is any slot except a tail
 * @param archived the end of the archive with this slot
 * @param part the content
 * @param instance 32 hex digits: the directory of the log that was shipped; empty in a slot of format 1
 * @param chain what it states about the kept slots before it; null in a tail, and in a slot of format 1
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
        Part part,
        String instance,
        @Nullable ChainState chain) {

    /** Creates a slot of format 1. */
    public Slot(
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
        this(logId, origin, number, epoch, writer, host, written, previous, kept, archived, part, "", null);
    }

    /** A reference to a slot by number and digest; number 0 and {@link Digest#NONE} for no slot. */
    public record SlotRef(long number, String sha256) {
        public static final SlotRef NONE = new SlotRef(0, Digest.NONE);
    }

    /**
     * The end of an archive.
     *
     * @param segment the last segment that the archive contains, at least in part; 0 if the archive is empty
     * @param position the end of its archived bytes; for a sealed segment the length of the file
     * @param sequence of the last archived record
     */
    public record Archived(long segment, long position, long sequence) {
        public static final Archived NOTHING = new Archived(0, 0, 0);
    }

    /** The content of a slot. */
    public sealed interface Part permits Epoch, Tail, StoredPart, Restated, Gap, Summary, Beat {}

    /**
     * A file of the log that was uploaded as an object. Immutable.
     *
     * @param key of the object
     * @param objectBytes size of the object, which is compressed
     * @param objectSha256 of the object
     * @param fileBytes size of the file
     * @param fileSha256 of the file; if the object is encrypted, its HMAC-SHA-256 under the data key
     * @param encryption of the object; null if it is in the clear
     * @param parts the objects of a file that is stored in parts. Then no object has the key, the size is that of all parts,
     *     the digest is that of {@link StoredFrame#digest}, and the data key keys only the digest of the file. Empty if the file
     *     is one object
     */
    public record StoredFile(
            String key,
            long objectBytes,
            String objectSha256,
            long fileBytes,
            String fileSha256,
            @Nullable Encryption encryption,
            List<StoredFrame> parts) {
        public StoredFile {
            parts = List.copyOf(parts);
        }

        /** Creates a file that is one object. */
        public StoredFile(
                String key,
                long objectBytes,
                String objectSha256,
                long fileBytes,
                String fileSha256,
                @Nullable Encryption encryption) {
            this(key, objectBytes, objectSha256, fileBytes, fileSha256, encryption, List.of());
        }

        /** Returns this file, stored in parts. */
        StoredFile inParts(List<StoredFrame> objects) {
            return new StoredFile(key, objectBytes, objectSha256, fileBytes, fileSha256, encryption, objects);
        }

        /** Returns the objects that contain the file, in their order: one, unless it is stored in parts. */
        public List<StoredFrame> frames() {
            return parts.isEmpty()
                    ? List.of(new StoredFrame(key, objectBytes, objectSha256, fileBytes, encryption))
                    : parts;
        }

        /** Creates a file in the clear. */
        public StoredFile(String key, long objectBytes, String objectSha256, long fileBytes, String fileSha256) {
            this(key, objectBytes, objectSha256, fileBytes, fileSha256, null);
        }
    }

    /** A part that commits an uploaded file. */
    public sealed interface StoredPart extends Part permits Segment, Attachment {
        StoredFile stored();

        default String key() {
            return stored().key();
        }

        /** Returns the keys of the objects that contain the file. */
        default List<String> objectKeys() {
            return stored().frames().stream().map(StoredFrame::key).toList();
        }

        default long objectBytes() {
            return stored().objectBytes();
        }

        default String objectSha256() {
            return stored().objectSha256();
        }

        default long fileBytes() {
            return stored().fileBytes();
        }

        default String fileSha256() {
            return stored().fileSha256();
        }
    }

    /**
     * A writer has acquired the next epoch. Slots of earlier epochs after this one are ignored.
     *
     * @param logJson the text of {@code log.json}; empty if written by a version without this field, and in a summary
     * @param reason why the writer acquired it
     * @param observed the epoch that the operator saw and replaces; 0 for {@link Reason#START}
     * @param keyId of the key that wraps the data keys of this writer; empty if it encrypts nothing
     */
    public record Epoch(String logJson, Reason reason, long observed, String keyId) implements Part {
        /** Creates the part of a writer that encrypts nothing. */
        public Epoch(String logJson, Reason reason, long observed) {
            this(logJson, reason, observed, "");
        }

        /** Creates the part of a writer that started from the directory of the epoch before. */
        public Epoch(String logJson) {
            this(logJson, Reason.START, 0);
        }
    }

    /** Why a writer acquired an epoch. */
    public enum Reason {
        /** The directory that wrote the epoch before is shipped again. */
        START,
        /** Another directory took over, by command of the operator. */
        TAKEOVER,
        /** A standby that followed the archive was promoted, by command of the operator. */
        PROMOTION
    }

    /**
     * Durable bytes of a segment that was not uploaded yet, in whole batches. The slot contains them.
     *
     * @param segment number of the segment
     * @param position start of the bytes in the segment
     * @param endPosition end of the bytes in the segment
     * @param firstSequence of the first record
     * @param lastSequence of the last record
     * @param sha256 of the bytes; if they are encrypted, their HMAC-SHA-256 under the data key
     * @param encryption of the bytes; null if they are in the clear
     */
    public record Tail(
            long segment,
            long position,
            long endPosition,
            long firstSequence,
            long lastSequence,
            String sha256,
            @Nullable Encryption encryption)
            implements Part {
        /** Creates a tail in the clear. */
        public Tail(
                long segment, long position, long endPosition, long firstSequence, long lastSequence, String sha256) {
            this(segment, position, endPosition, firstSequence, lastSequence, sha256, null);
        }

        /** Returns this tail with another digest and encryption of the same bytes. */
        public Tail stored(String digest, @Nullable Encryption how) {
            return new Tail(segment, position, endPosition, firstSequence, lastSequence, digest, how);
        }
    }

    /**
     * Commits a sealed segment.
     *
     * @param number of the segment
     * @param stored the sealed file
     * @param dataBytes the position of the footer
     * @param firstSequence of the first record
     * @param lastSequence of the last record
     * @param records the number of records
     * @param minTimestampNanos the earliest timestamp of a record
     * @param maxTimestampNanos the latest timestamp of a record
     */
    public record Segment(
            long number,
            StoredFile stored,
            long dataBytes,
            long firstSequence,
            long lastSequence,
            long records,
            long minTimestampNanos,
            long maxTimestampNanos)
            implements StoredPart {}

    /**
     * Commits another object of a segment that is committed already, because the first object is damaged or missing. Both objects
     * contain the same file. The last statement of a segment counts.
     *
     * @param segment with the key of the new object
     * @param replaces the key of the object that the last statement before this one names
     */
    public record Restated(Segment segment, String replaces) implements Part {}

    /**
     * Commits a file that belongs to a record: a checkpoint.
     *
     * @param name the type, which is "checkpoint"
     * @param sequence of the last record that it covers
     * @param stored the file
     */
    public record Attachment(String name, long sequence, StoredFile stored) implements StoredPart {}

    /**
     * Declares records that will never be archived.
     *
     * @param firstSequence of the first record
     * @param lastSequence of the last record
     * @param nextSegment with whose first byte the archive continues
     * @param reason informational
     */
    public record Gap(long firstSequence, long lastSequence, long nextSegment, String reason) implements Part {}

    /**
     * Repeats the kept slots of a range, so that a reader need not read each of them. Its content is a {@link SummaryContent}.
     *
     * @param level 1, or 2 if it replaces the summaries of level 1 before it
     * @param before the kept slot before the range; {@link SlotRef#NONE} if the range begins with slot 1
     * @param from the first kept slot of the range
     * @param to the last kept slot of the range
     * @param entries the number of kept slots in the range
     * @param sequence the end of the archive with the last slot of the range
     * @param contentBytes size of the content
     * @param contentSha256 of the content
     * @param parts the number of parts of all segments in the range that are stored in parts. It bounds the content
     */
    public record Summary(
            int level,
            SlotRef before,
            long from,
            SlotRef to,
            long entries,
            long sequence,
            long contentBytes,
            String contentSha256,
            long parts)
            implements Part {
        /** Creates the part for a range whose segments are one object each. */
        public Summary(
                int level,
                SlotRef before,
                long from,
                SlotRef to,
                long entries,
                long sequence,
                long contentBytes,
                String contentSha256) {
            this(level, before, from, to, entries, sequence, contentBytes, contentSha256, 0);
        }
    }

    /**
     * Shows readers that the writer has the archive still, although it has nothing to put. It is deleted as a tail is.
     *
     * @param intervalMillis the time after which the next slot follows
     * @param after the last slot before this one that is not a BEAT, so that no reader needs the others
     */
    public record Beat(long intervalMillis, SlotRef after) implements Part {}

    /** Returns the version of the format. */
    public int format() {
        if (part instanceof Beat) {
            return 3;
        }
        return instance.isEmpty() ? 1 : 2;
    }

    /** Returns what a kept slot of format 2 states about the kept slots before it. */
    public ChainState chainState() {
        return Objects.requireNonNull(chain, "a tail, or a slot of format 1");
    }

    /** Returns whether this slot is never deleted. Only tails, after their segment was committed, and BEATs are deleted. */
    public boolean isKept() {
        return !(part instanceof Tail || part instanceof Beat);
    }
}
