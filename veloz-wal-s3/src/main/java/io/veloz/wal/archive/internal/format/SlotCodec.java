package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;

/**
 * Slots as bytes: LZ4 frames, so that {@code lz4 -d} turns a tail into the bytes of its segment.
 *
 * <pre>
 * skippable frame: magic 0x184D2A50 4 · length 4 · the head, JSON in UTF-8
 * frame:           the content of a tail; any other slot has none
 * skippable frame: magic 0x184D2A51 4 · length 4 (32) · SHA-256 of all bytes before this frame
 * </pre>
 */
public final class SlotCodec {
    /** Of a tail's content, before it is compressed. */
    public static final int MAX_CONTENT_BYTES = 64 * 1024 * 1024 + 64 * 1024;

    private static final long FORMAT = 1;
    private static final int HEAD_MAGIC = 0x184D2A50;
    private static final int DIGEST_MAGIC = 0x184D2A51;
    private static final int MAX_HEAD_BYTES = 64 * 1024;
    private static final int FRAME_HEAD_BYTES = 8;
    private static final int DIGEST_BYTES = 32;
    private static final int TRAILER_BYTES = FRAME_HEAD_BYTES + DIGEST_BYTES;

    private SlotCodec() {}

    /** A slot that was read, with what it holds. */
    public static final class Decoded {
        private final Slot slot;
        private final byte[] content;
        private final String sha256;

        private Decoded(Slot slot, byte[] content, String sha256) {
            this.slot = slot;
            this.content = content;
            this.sha256 = sha256;
        }

        public Slot slot() {
            return slot;
        }

        /** Of a tail: the bytes of its segment. Empty for any other slot. Not a copy. */
        public byte[] content() {
            return content;
        }

        /** Of the whole object. */
        public String sha256() {
            return sha256;
        }
    }

    /** A slot without content. */
    public static byte[] encode(Slot slot) {
        return encode(slot, new byte[0]);
    }

    /**
     * A slot with its content. The same slot gives the same bytes every time.
     *
     * @param content of a tail; empty for all others
     */
    public static byte[] encode(Slot slot, byte[] content) {
        byte[] head = head(slot);
        byte[] frame = content.length == 0 ? content : Lz4Frames.compress(content);
        ByteBuffer out = ByteBuffer.allocate(FRAME_HEAD_BYTES + head.length + frame.length + TRAILER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(HEAD_MAGIC).putInt(head.length).put(head).put(frame);
        MessageDigest digest = Digest.sha256();
        digest.update(out.array(), 0, out.position());
        out.putInt(DIGEST_MAGIC).putInt(DIGEST_BYTES).put(digest.digest());
        return out.array();
    }

    private static byte[] head(Slot slot) {
        Json json = Json.create()
                .put("format", FORMAT)
                .put("kind", kind(slot.part()))
                .put("log", slot.logId())
                .put("slot", slot.number())
                .put("epoch", slot.epoch())
                .put("writer", slot.writer())
                .put("host", slot.host())
                .put("written", slot.written().toString())
                .put("previous", slot.previous())
                .put(
                        "kept",
                        Json.create()
                                .put("slot", slot.kept().number())
                                .put("sha256", slot.kept().sha256()))
                .put(
                        "archived",
                        Json.create()
                                .put("segment", slot.archived().segment())
                                .put("position", slot.archived().position())
                                .put("sequence", slot.archived().sequence()));
        putPart(json, slot.part());
        return json.encode();
    }

    private static String kind(Part part) {
        if (part instanceof Tail) {
            return "TAIL";
        } else if (part instanceof Segment) {
            return "SEGMENT";
        } else if (part instanceof Attachment) {
            return "ATTACHMENT";
        } else if (part instanceof Gap) {
            return "GAP";
        }
        return "EPOCH";
    }

    private static void putPart(Json json, Part part) {
        if (part instanceof Tail tail) {
            json.put(
                    "tail",
                    Json.create()
                            .put("segment", tail.segment())
                            .put("position", tail.position())
                            .put("endPosition", tail.endPosition())
                            .put("firstSequence", tail.firstSequence())
                            .put("lastSequence", tail.lastSequence())
                            .put("sha256", tail.sha256()));
        } else if (part instanceof Segment segment) {
            json.put(
                    "segment",
                    Json.create()
                            .put("number", segment.number())
                            .put("key", segment.key())
                            .put("objectBytes", segment.objectBytes())
                            .put("objectSha256", segment.objectSha256())
                            .put("fileBytes", segment.fileBytes())
                            .put("fileSha256", segment.fileSha256())
                            .put("dataBytes", segment.dataBytes())
                            .put("firstSequence", segment.firstSequence())
                            .put("lastSequence", segment.lastSequence())
                            .put("records", segment.records())
                            .put("minTimestampNanos", segment.minTimestampNanos())
                            .put("maxTimestampNanos", segment.maxTimestampNanos()));
        } else if (part instanceof Attachment attachment) {
            json.put(
                    "attachment",
                    Json.create()
                            .put("name", attachment.name())
                            .put("sequence", attachment.sequence())
                            .put("key", attachment.key())
                            .put("objectBytes", attachment.objectBytes())
                            .put("objectSha256", attachment.objectSha256())
                            .put("fileBytes", attachment.fileBytes())
                            .put("fileSha256", attachment.fileSha256()));
        } else if (part instanceof Gap gap) {
            json.put(
                    "gap",
                    Json.create()
                            .put("firstSequence", gap.firstSequence())
                            .put("lastSequence", gap.lastSequence())
                            .put("nextSegment", gap.nextSegment())
                            .put("reason", gap.reason()));
        }
    }

    /**
     * Reads a slot, and checks everything about it that can be checked without its neighbours.
     *
     * @param where what messages call it: the object's key
     * @param number that it must have
     * @throws BadObjectException if it is not whole
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static Decoded decode(String where, long number, byte[] bytes) throws BadObjectException {
        return decode(where, number, bytes, true);
    }

    /** The same, but the content is checked in passing and not kept: it may be many times as large as the object. */
    public static Decoded check(String where, long number, byte[] bytes) throws BadObjectException {
        return decode(where, number, bytes, false);
    }

    private static Decoded decode(String where, long number, byte[] bytes, boolean keep) throws BadObjectException {
        int headBytes = checkFrames(where, bytes);
        byte[] head = Arrays.copyOfRange(bytes, FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + headBytes);
        Json json = Json.decode(where, head);
        UnknownArchiveFormatException.check(where, json.number("format", 1), FORMAT);
        Slot slot = slot(where, json);
        if (slot.number() != number) {
            throw new BadObjectException(where + ": slot " + slot.number() + "; expected " + number);
        }
        int contentAt = FRAME_HEAD_BYTES + headBytes;
        int contentBytes = bytes.length - TRAILER_BYTES - contentAt;
        return new Decoded(slot, content(where, slot, bytes, contentAt, contentBytes, keep), Digest.of(bytes));
    }

    /** Returns the length of the head. */
    private static int checkFrames(String where, byte[] bytes) throws BadObjectException {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int headBytes = bytes.length < FRAME_HEAD_BYTES + TRAILER_BYTES ? -1 : in.getInt(4);
        boolean framed = headBytes >= 0
                && headBytes <= MAX_HEAD_BYTES
                && headBytes <= bytes.length - FRAME_HEAD_BYTES - TRAILER_BYTES
                && in.getInt(0) == HEAD_MAGIC
                && in.getInt(bytes.length - TRAILER_BYTES) == DIGEST_MAGIC
                && in.getInt(bytes.length - TRAILER_BYTES + 4) == DIGEST_BYTES;
        if (!framed) {
            throw new BadObjectException(where + ": " + bytes.length + " bytes that are no whole slot");
        }
        MessageDigest digest = Digest.sha256();
        digest.update(bytes, 0, bytes.length - TRAILER_BYTES);
        byte[] stated = Arrays.copyOfRange(bytes, bytes.length - DIGEST_BYTES, bytes.length);
        if (!MessageDigest.isEqual(digest.digest(), stated)) {
            throw new BadObjectException(where + ": the digest does not hold");
        }
        return headBytes;
    }

    private static byte[] content(String where, Slot slot, byte[] bytes, int at, int length, boolean keep)
            throws BadObjectException {
        if (!(slot.part() instanceof Tail tail)) {
            if (length != 0) {
                throw new BadObjectException(where + ": " + length + " bytes of content; expected none");
            }
            return new byte[0];
        }
        long expected = tail.endPosition() - tail.position();
        if (expected < 1 || expected > MAX_CONTENT_BYTES) {
            throw new BadObjectException(
                    where + ": tail of " + expected + " bytes; expected 1 to " + MAX_CONTENT_BYTES);
        }
        byte[] content = keep ? Lz4Frames.decompress(where, bytes, at, length, (int) expected) : new byte[0];
        String digest = keep ? Digest.of(content) : Lz4Frames.digest(where, bytes, at, length, expected);
        if (!digest.equals(tail.sha256())) {
            throw new BadObjectException(where + ": the content's digest does not hold");
        }
        return content;
    }

    private static Slot slot(String where, Json json) throws BadObjectException {
        try {
            Json kept = json.object("kept");
            Json archived = json.object("archived");
            return new Slot(
                    hex32(where, json, "log"),
                    json.number("slot", 1),
                    json.number("epoch", 1),
                    hex32(where, json, "writer"),
                    json.string("host"),
                    Instant.parse(json.string("written")),
                    json.sha256("previous"),
                    new SlotRef(kept.number("slot", 0), kept.sha256("sha256")),
                    new Archived(
                            archived.number("segment", 0),
                            archived.number("position", 0),
                            archived.number("sequence", 0)),
                    part(where, json));
        } catch (DateTimeParseException e) {
            throw new BadObjectException(where + ": written \"" + json.string("written") + "\"; expected a time", e);
        }
    }

    static String hex32(String where, Json json, String name) throws BadObjectException {
        String text = json.string(name);
        if (!text.matches("[0-9a-f]{32}")) {
            throw new BadObjectException(where + ": field \"" + name + "\" is " + text + "; expected 32 hex digits");
        }
        return text;
    }

    private static Part part(String where, Json json) throws BadObjectException {
        String kind = json.string("kind");
        return switch (kind) {
            case "EPOCH" -> new Epoch();
            case "TAIL" -> tail(json.object("tail"));
            case "SEGMENT" -> segment(json.object("segment"));
            case "ATTACHMENT" -> attachment(json.object("attachment"));
            case "GAP" -> gap(json.object("gap"));
            default -> throw new BadObjectException(where + ": kind \"" + kind + "\" is not known");
        };
    }

    private static Tail tail(Json json) throws BadObjectException {
        return new Tail(
                json.number("segment", 1),
                json.number("position", 0),
                json.number("endPosition", 1),
                json.number("firstSequence", 1),
                json.number("lastSequence", 1),
                json.sha256("sha256"));
    }

    private static Segment segment(Json json) throws BadObjectException {
        return new Segment(
                json.number("number", 1),
                json.string("key"),
                json.number("objectBytes", 1),
                json.sha256("objectSha256"),
                json.number("fileBytes", 1),
                json.sha256("fileSha256"),
                json.number("dataBytes", 1),
                json.number("firstSequence", 1),
                json.number("lastSequence", 1),
                json.number("records", 1),
                json.number("minTimestampNanos", Long.MIN_VALUE),
                json.number("maxTimestampNanos", Long.MIN_VALUE));
    }

    private static Attachment attachment(Json json) throws BadObjectException {
        return new Attachment(
                json.string("name"),
                json.number("sequence", 0),
                json.string("key"),
                json.number("objectBytes", 1),
                json.sha256("objectSha256"),
                json.number("fileBytes", 0),
                json.sha256("fileSha256"));
    }

    private static Gap gap(Json json) throws BadObjectException {
        return new Gap(
                json.number("firstSequence", 1),
                json.number("lastSequence", 1),
                json.number("nextSegment", 1),
                json.string("reason"));
    }
}
