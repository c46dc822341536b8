package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Objects;

/**
 * What a standby has of an archive that it follows: the content of a file in its directory. Immutable.
 *
 * @param logId 32 hex digits: the followed log
 * @param origin SHA-256 of {@code log.json}
 * @param begin where the log of the standby begins
 * @param place the last applied slot
 * @param kept the last applied slot that is never deleted and is no stray; {@link SlotRef#NONE} if there is none
 * @param end the end of the local bytes, which are those of the archive up to here
 * @param verified the last segment whose file was compared with the SHA-256 in its slot; 0 if there is none
 * @param content the bytes that were written last
 * @param isSearching whether segments are fetched by a proof: the local bytes may extend beyond {@code place}
 * @param promotion a promotion that has begun
 */
public record FollowState(
        String logId,
        String origin,
        Begin begin,
        Place place,
        SlotRef kept,
        Archived end,
        long verified,
        Content content,
        boolean isSearching,
        Promotion promotion) {
    /** The maximum size of the file. */
    public static final int MAX_BYTES = 16 * 1024;

    private static final long FORMAT = 1;

    /** The first segment of a log, and its first record. */
    public record Begin(long segment, long sequence) {}

    /**
     * A slot of the archive.
     *
     * @param epoch of its writer; 0 if there is no slot
     * @param host of its writer; informational
     * @param written by the clock of its writer; informational
     */
    public record Place(SlotRef slot, long epoch, String host, Instant written) {
        static final Place NONE = new Place(SlotRef.NONE, 0, "", Instant.EPOCH);

        /** Returns the place after a slot was applied. */
        public static Place of(Slot slot, String sha256) {
            return new Place(new SlotRef(slot.number(), sha256), slot.epoch(), slot.host(), slot.written());
        }
    }

    /**
     * A range of a segment.
     *
     * @param segment 0 if there is none
     */
    public record Content(long segment, long from, long to, String sha256) {
        public static final Content NONE = new Content(0, 0, 0, Digest.NONE);
    }

    /**
     * A promotion that has begun: its EPOCH slot may be in the archive, or arrive there.
     *
     * @param over the epoch that it replaces; 0 if none has begun
     * @param slot the highest number with which an EPOCH slot of this directory was put, or may have been put by an earlier
     *     version, which did not record it; 0 if none was put
     * @param isComplete whether the log is complete and may open. From then on an engine may have appended to it
     */
    public record Promotion(long over, long slot, boolean isComplete) {
        public static final Promotion NONE = new Promotion(0, 0, false);

        /** Returns the promotion after the log was completed. */
        public Promotion completed() {
            return new Promotion(over, slot, true);
        }
    }

    /** Returns the name of the file. */
    public static String fileName(String prefix) {
        return "." + prefix + "_follow";
    }

    /** Returns the state of an empty directory. */
    public static FollowState initial(LogIdentity identity) {
        return new FollowState(
                identity.logId(),
                identity.origin(),
                new Begin(identity.firstSegment(), identity.firstSequence()),
                Place.NONE,
                SlotRef.NONE,
                Archived.NOTHING,
                0,
                Content.NONE,
                true,
                Promotion.NONE);
    }

    /** Returns whether no byte of the archive has been applied. */
    public boolean isEmpty() {
        return end.segment() == 0;
    }

    /** Returns the state of a log that begins with another segment. */
    public FollowState beginning(long segment, long sequence) {
        return new FollowState(
                logId,
                origin,
                new Begin(segment, sequence),
                place,
                kept,
                end,
                verified,
                content,
                isSearching,
                promotion);
    }

    /** Returns the state before segments are fetched by a proof. */
    public FollowState searching() {
        return new FollowState(logId, origin, begin, place, kept, end, verified, content, true, promotion);
    }

    /** Returns the state after bytes were written. */
    public FollowState with(Archived newEnd, long newVerified, Content newContent) {
        return new FollowState(
                logId, origin, begin, place, kept, newEnd, newVerified, newContent, isSearching, promotion);
    }

    /** Returns the state with everything up to a slot. */
    public FollowState at(Slot slot, String sha256) {
        return new FollowState(
                logId,
                origin,
                begin,
                Place.of(slot, sha256),
                keptAt(slot, sha256),
                slot.archived(),
                verified,
                content,
                false,
                promotion);
    }

    /** Only an EPOCH slot can be a stray, and no other slot than an EPOCH follows a stray. */
    private SlotRef keptAt(Slot slot, String sha256) {
        if (slot.part() instanceof Slot.Epoch) {
            return kept;
        }
        return slot.isKept() ? new SlotRef(slot.number(), sha256) : slot.kept();
    }

    /** Returns the state with another promotion. */
    public FollowState promoting(Promotion next) {
        return new FollowState(logId, origin, begin, place, kept, end, verified, content, isSearching, next);
    }

    /** Returns the content of the file. */
    public byte[] encode() {
        Json json = Json.create()
                .put("format", FORMAT)
                .put("log", logId)
                .put("origin", origin)
                .put("begin", Json.create().put("segment", begin.segment).put("sequence", begin.sequence))
                .put("slot", SlotHead.encode(place.slot))
                .put("epoch", place.epoch)
                .put("host", place.host)
                .put("written", place.written.toString())
                .put("kept", SlotHead.encode(kept));
        SlotHead.put(json, end);
        return json.put("verified", verified)
                .put(
                        "content",
                        Json.create()
                                .put("segment", content.segment)
                                .put("from", content.from)
                                .put("to", content.to)
                                .put("sha256", content.sha256))
                .put("searching", isSearching ? 1L : 0L)
                .put(
                        "promotion",
                        Json.create()
                                .put("over", promotion.over)
                                .put("slot", promotion.slot)
                                .put("complete", promotion.isComplete ? 1L : 0L))
                .encode();
    }

    /**
     * Decodes the content of the file.
     *
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static FollowState decode(String where, byte[] bytes) throws BadObjectException {
        Json json = Json.decode(where, bytes);
        UnknownArchiveFormatException.check(where, json.number("format", 1), FORMAT, FORMAT);
        Json begin = json.object("begin");
        Json content = json.object("content");
        SlotRef applied = SlotHead.ref(json, "slot", 0);
        return new FollowState(
                json.hex32("log"),
                json.sha256("origin"),
                new Begin(begin.number("segment", 1, ArchiveKeys.MAX_SEGMENT), begin.number("sequence", 1)),
                new Place(
                        applied,
                        json.number("epoch", 0, ArchiveKeys.MAX_EPOCH),
                        Text.printable(json.string("host")),
                        time(where, json.string("written"))),
                json.has("kept") ? SlotHead.ref(json, "kept", 0) : SlotRef.NONE,
                SlotHead.archived(json),
                json.number("verified", 0, ArchiveKeys.MAX_SEGMENT),
                new Content(
                        content.number("segment", 0, ArchiveKeys.MAX_SEGMENT),
                        content.number("from", 0),
                        content.number("to", 0),
                        content.sha256("sha256")),
                json.number("searching", 0, 1) == 1,
                promotion(json.object("promotion"), applied.number()));
    }

    /**
     * A promotion that an earlier version has begun has no number. Its EPOCH may still arrive as the slot after the applied one,
     * or as the next one if the archive had a slot more, so it is not over before the archive has reached that.
     */
    private static Promotion promotion(Json json, long applied) throws BadObjectException {
        long over = json.number("over", 0, ArchiveKeys.MAX_EPOCH);
        long unknown = over == 0 ? 0 : applied + 2;
        return new Promotion(
                over, json.has("slot") ? json.number("slot", 0) : unknown, json.number("complete", 0, 1) == 1);
    }

    private static Instant time(String where, String text) throws BadObjectException {
        try {
            return Instant.parse(Objects.requireNonNull(text));
        } catch (DateTimeException e) {
            throw new BadObjectException(where + ": field \"written\" is not a time", e);
        }
    }
}
