package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
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
    static final int DIGEST_MAGIC = 0x184D2A51;
    private static final int MAX_HEAD_BYTES = 64 * 1024;

    /** A head, a content that does not compress, and a length for each of its blocks. */
    private static final int MAX_SLOT_BYTES = MAX_CONTENT_BYTES + MAX_HEAD_BYTES + 64 * 1024;

    private static final int CHUNK_BYTES = 16 * 1024;
    private static final byte[] NO_CONTENT = new byte[0];
    private static final int FRAME_HEAD_BYTES = 8;
    static final int DIGEST_BYTES = 32;
    static final int TRAILER_BYTES = FRAME_HEAD_BYTES + DIGEST_BYTES;

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
                .put("log", slot.logId());
        if (!slot.origin().isEmpty()) {
            json.put("origin", slot.origin());
        }
        json.put("slot", slot.number())
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
        if (part instanceof Epoch epoch && !epoch.logJson().isEmpty()) {
            json.put("logJson", epoch.logJson());
        } else if (part instanceof Tail tail) {
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
     * @throws BadObjectException if it is damaged
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static Decoded decode(String where, long number, byte[] bytes) throws BadObjectException {
        try {
            return read(where, number, new ByteArrayInputStream(bytes));
        } catch (BadObjectException e) {
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory", e);
        }
    }

    /**
     * The same, from a stream.
     *
     * @throws IOException if the stream fails
     */
    public static Decoded read(String where, long number, InputStream in) throws IOException {
        Kept kept = new Kept();
        Decoded decoded = read(where, number, in, kept);
        return new Decoded(decoded.slot, kept.content(), decoded.sha256);
    }

    /** Takes the content of a tail, piece by piece, before it has been checked. */
    @FunctionalInterface
    public interface Content {
        void write(byte[] bytes, int length) throws IOException;
    }

    /**
     * The same, with the content handed on and not kept: in memory of a head and a block, however large a tail claims to be.
     * What the content got counts when this returns.
     *
     * @throws IOException if the stream, or the content, fails
     */
    public static Decoded read(String where, long number, InputStream in, Content content) throws IOException {
        SlotStream stream = new SlotStream(in, MAX_SLOT_BYTES);
        BadObjectException bad = null;
        Decoded decoded = null;
        UnknownArchiveFormatException unknown = null;
        try {
            decoded = decode(where, number, stream, content);
        } catch (BadObjectException e) {
            bad = e;
        } catch (UnknownArchiveFormatException e) {
            unknown = e;
        }
        // Order matters: what a damaged head says, above all of another format, is believed only under its digest.
        stream.finish(where);
        if (unknown != null) {
            throw unknown;
        } else if (bad != null || decoded == null) {
            throw bad == null ? new BadObjectException(where + ": not decoded") : bad;
        }
        return new Decoded(decoded.slot, NO_CONTENT, stream.sha256());
    }

    private static Decoded decode(String where, long number, SlotStream in, Content content) throws IOException {
        Json json = Json.decode(where, head(where, in));
        UnknownArchiveFormatException.check(where, json.number("format", 1), FORMAT);
        Slot slot = slot(where, json);
        if (slot.number() != number) {
            throw new BadObjectException(where + ": slot " + slot.number() + "; expected " + number);
        }
        if (slot.part() instanceof Tail tail) {
            content(where, tail, in, content);
        }
        in.expectTrailer(where);
        return new Decoded(slot, NO_CONTENT, Digest.NONE);
    }

    private static byte[] head(String where, SlotStream in) throws IOException {
        ByteBuffer frame = ByteBuffer.wrap(in.readNBytes(FRAME_HEAD_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        int headBytes = frame.limit() < FRAME_HEAD_BYTES || frame.getInt(0) != HEAD_MAGIC ? -1 : frame.getInt(4);
        if (headBytes < 0 || headBytes > MAX_HEAD_BYTES) {
            throw new BadObjectException(where + ": is not a slot: no head of at most " + MAX_HEAD_BYTES + " bytes");
        }
        byte[] head = in.readNBytes(headBytes);
        if (head.length < headBytes) {
            throw new BadObjectException(where + ": ends inside the head");
        }
        return head;
    }

    private static void content(String where, Tail tail, SlotStream in, Content content) throws IOException {
        long expected = tail.endPosition() - tail.position();
        if (expected < 1 || expected > MAX_CONTENT_BYTES) {
            throw new BadObjectException(
                    where + ": tail of " + expected + " bytes; expected 1 to " + MAX_CONTENT_BYTES);
        }
        byte[] chunk = new byte[(int) Math.min(expected, CHUNK_BYTES)];
        MessageDigest digest = Digest.sha256();
        long total = 0;
        InputStream frame = new Lz4FrameReader(in, expected, false);
        for (int got = next(where, in, frame, chunk); got >= 0; got = next(where, in, frame, chunk)) {
            digest.update(chunk, 0, got);
            content.write(chunk, got);
            total += got;
        }
        if (total != expected) {
            throw new BadObjectException(where + ": content of " + total + " bytes; expected " + expected);
        }
        String sha256 = Digest.hex(digest);
        if (!sha256.equals(tail.sha256())) {
            throw new BadObjectException(
                    where + ": SHA-256 mismatch of the content: stored " + tail.sha256() + ", computed " + sha256);
        }
    }

    private static int next(String where, SlotStream in, InputStream frame, byte[] chunk) throws IOException {
        try {
            return frame.read(chunk);
        } catch (IOException e) {
            throw in.hasFailed() ? e : new BadObjectException(where + ": invalid LZ4 frame: " + e.getMessage(), e);
        }
    }

    /** Grows with what comes, never with what is claimed. */
    private static final class Kept implements Content {
        private byte[] bytes = NO_CONTENT;
        private int length;

        @Override
        public void write(byte[] more, int count) {
            if (bytes.length - length < count) {
                bytes = Arrays.copyOf(bytes, Math.min(MAX_CONTENT_BYTES, Math.max(2 * bytes.length, length + count)));
            }
            System.arraycopy(more, 0, bytes, length, count);
            length += count;
        }

        byte[] content() {
            return bytes.length == length ? bytes : Arrays.copyOf(bytes, length);
        }
    }

    private static Slot slot(String where, Json json) throws BadObjectException {
        try {
            Json kept = json.object("kept");
            Json archived = json.object("archived");
            return new Slot(
                    json.hex32("log"),
                    json.has("origin") ? json.sha256("origin") : "",
                    json.number("slot", 1, ArchiveKeys.MAX_SLOT),
                    json.number("epoch", 1, ArchiveKeys.MAX_EPOCH),
                    json.hex32("writer"),
                    Text.printable(json.string("host")),
                    Instant.parse(json.string("written")),
                    json.sha256("previous"),
                    new SlotRef(kept.number("slot", 0, ArchiveKeys.MAX_SLOT), kept.sha256("sha256")),
                    new Archived(
                            archived.number("segment", 0, ArchiveKeys.MAX_SEGMENT),
                            archived.number("position", 0),
                            archived.number("sequence", 0)),
                    part(where, json));
        } catch (DateTimeParseException e) {
            throw new BadObjectException(where + ": field \"written\" is no time", e);
        }
    }

    private static Part part(String where, Json json) throws BadObjectException {
        String kind = json.string("kind");
        return switch (kind) {
            case "EPOCH" -> epoch(where, json);
            case "TAIL" -> tail(json.object("tail"));
            case "SEGMENT" -> segment(json.object("segment"));
            case "ATTACHMENT" -> attachment(json.object("attachment"));
            case "GAP" -> gap(json.object("gap"));
            default -> throw UnknownArchiveFormatException.ofKind(where, kind);
        };
    }

    private static Epoch epoch(String where, Json json) throws BadObjectException {
        String text = json.has("logJson") ? json.string("logJson") : "";
        if (json.has("logJson")) {
            LogIdentity identity = LogIdentity.decode(where + ".logJson", text.getBytes(StandardCharsets.UTF_8));
            if (!json.has("origin") || !identity.origin().equals(json.sha256("origin"))) {
                throw new BadObjectException(where + ": \"origin\" is not the SHA-256 of \"logJson\"");
            }
        }
        return new Epoch(text);
    }

    private static String key(Json json) throws BadObjectException {
        String key = json.string("key");
        if (!ArchiveKeys.isKey(key)) {
            throw new BadObjectException(json.where() + ": field \"key\" is \"" + Text.printable(key)
                    + "\"; expected parts of letters, digits and \"._-\", none beginning with a dot");
        }
        return key;
    }

    private static Tail tail(Json json) throws BadObjectException {
        return new Tail(
                json.number("segment", 1, ArchiveKeys.MAX_SEGMENT),
                json.number("position", 0),
                json.number("endPosition", 1),
                json.number("firstSequence", 1),
                json.number("lastSequence", 1),
                json.sha256("sha256"));
    }

    private static Segment segment(Json json) throws BadObjectException {
        return new Segment(
                json.number("number", 1, ArchiveKeys.MAX_SEGMENT),
                key(json),
                json.number("objectBytes", 1),
                json.sha256("objectSha256"),
                json.number("fileBytes", 1),
                json.sha256("fileSha256"),
                json.number("dataBytes", 1),
                json.number("firstSequence", 1),
                json.number("lastSequence", 1),
                json.number("records", 1),
                json.number("minTimestampNanos", Long.MIN_VALUE, Long.MAX_VALUE),
                json.number("maxTimestampNanos", Long.MIN_VALUE, Long.MAX_VALUE));
    }

    private static Attachment attachment(Json json) throws BadObjectException {
        return new Attachment(
                Text.printable(json.string("name")),
                json.number("sequence", 0),
                key(json),
                json.number("objectBytes", 1),
                json.sha256("objectSha256"),
                json.number("fileBytes", 0),
                json.sha256("fileSha256"));
    }

    private static Gap gap(Json json) throws BadObjectException {
        return new Gap(
                json.number("firstSequence", 1),
                json.number("lastSequence", 1),
                json.number("nextSegment", 1, ArchiveKeys.MAX_SEGMENT),
                Text.printable(json.string("reason")));
    }
}
