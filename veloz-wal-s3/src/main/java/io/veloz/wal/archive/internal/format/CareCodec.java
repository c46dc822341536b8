package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.CareState.Gap;
import io.veloz.wal.archive.internal.format.CareState.Hold;
import io.veloz.wal.archive.internal.format.CareState.Mark;
import io.veloz.wal.archive.internal.format.CareState.Plan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Encodes care records. They have the form of a slot without content, with other magic numbers:
 *
 * <pre>
 * skippable frame: magic 0x184D2A52 4 · length 4 · the head, JSON in UTF-8
 * skippable frame: magic 0x184D2A53 4 · length 4 (32) · SHA-256 of the frame before
 * </pre>
 */
public final class CareCodec {
    /** The maximum size of a record. */
    public static final int MAX_BYTES = 256 * 1024;

    private static final long FORMAT = 1;
    private static final int HEAD_MAGIC = 0x184D2A52;
    private static final int DIGEST_MAGIC = 0x184D2A53;
    private static final int FRAME_HEAD_BYTES = 8;
    private static final int TRAILER_BYTES = FRAME_HEAD_BYTES + 32;

    private CareCodec() {}

    // ---- encoding

    /** Encodes a record. Equal records give equal bytes. */
    public static byte[] encode(CareRecord care) {
        byte[] head = head(care).encode();
        ByteBuffer out = ByteBuffer.allocate(FRAME_HEAD_BYTES + head.length + TRAILER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(HEAD_MAGIC).putInt(head.length).put(head);
        byte[] digest = digest(out.array(), out.position());
        out.putInt(DIGEST_MAGIC).putInt(digest.length).put(digest);
        return out.array();
    }

    private static byte[] digest(byte[] bytes, int length) {
        var digest = Digest.sha256();
        digest.update(bytes, 0, length);
        return digest.digest();
    }

    private static Json head(CareRecord care) {
        return Json.create()
                .put("format", FORMAT)
                .put("kind", care.kind().name())
                .put("log", care.logId())
                .put("origin", care.origin())
                .put("record", care.number())
                .put("writer", care.writer())
                .put("host", care.host())
                .put("written", care.written().toString())
                .put("previous", care.previous())
                .put("tip", SlotHead.encode(care.tip()))
                .put("kept", SlotHead.encode(care.kept()))
                .put("point", care.point())
                .put("state", state(care.state()));
    }

    private static Json state(CareState state) {
        Json json = Json.create();
        Floor floor = state.floor();
        if (floor.record() > 0) {
            json.put(
                    "floor",
                    put(Json.create().put("record", floor.record()), floor.cut())
                            .put("segments", floor.segments())
                            .put("objectBytes", floor.objectBytes())
                            .put("fileBytes", floor.fileBytes())
                            .put("minTimestampNanos", floor.minTimestampNanos()));
        }
        @Nullable Plan plan = state.plan();
        if (plan != null) {
            json.put(
                    "plan",
                    put(Json.create().put("record", plan.record()), plan.cut())
                            .put("keys", plan.keys())
                            .put("bytes", plan.bytes())
                            .put("keysSha256", plan.keysSha256())
                            .put("due", plan.due().toString()));
        }
        if (state.delete() > 0) {
            json.put("delete", state.delete());
        }
        Json holds = Json.create();
        state.holds().forEach((record, hold) -> holds.put(Long.toString(record), hold(hold)));
        Json verified = Json.create();
        state.verified().forEach((level, mark) -> verified.put(level, mark(mark)));
        Json gaps = Json.create();
        state.gaps().forEach((first, gap) -> gaps.put(Long.toString(first), gap.lastSequence()));
        json.put("holds", holds).put("verified", verified).put("gaps", gaps);
        return state.damaged() > 0 ? json.put("damaged", state.damaged()) : json;
    }

    private static Json put(Json json, Cut cut) {
        return json.put("segment", cut.segment()).put("sequence", cut.sequence());
    }

    private static Json hold(Hold hold) {
        return Json.create()
                .put("sequence", hold.sequence())
                .put("reason", hold.reason())
                .put("host", hold.host())
                .put("made", hold.made().toString());
    }

    private static Json mark(Mark mark) {
        Json json = Json.create()
                .put("firstSegment", mark.firstSegment())
                .put("lastSegment", mark.last().segment())
                .put("lastSequence", mark.last().sequence())
                .put("checkpoint", mark.checkpoint())
                .put("since", mark.since().toString())
                .put("checked", mark.checked().toString());
        return mark.slot() > 0 ? json.put("slot", mark.slot()) : json;
    }

    // ---- decoding

    /**
     * Decodes a record, and checks it as far as possible without its neighbours.
     *
     * @param where the name of the object in messages
     * @param number the expected number of the record
     * @throws BadObjectException if it is damaged
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static CareRecord decode(String where, long number, byte[] bytes) throws BadObjectException {
        Json head = Json.decode(where, frame(where, bytes));
        UnknownArchiveFormatException.check(where, head.number("format", 1), FORMAT, FORMAT);
        if (head.number("record", 1, ArchiveKeys.MAX_SLOT) != number) {
            throw new BadObjectException(where + ": record " + head.number("record", 1) + "; expected " + number);
        }
        try {
            return new CareRecord(
                    head.hex32("log"),
                    head.sha256("origin"),
                    number,
                    kind(where, head.string("kind")),
                    head.hex32("writer"),
                    Text.printable(head.string("host")),
                    Instant.parse(head.string("written")),
                    head.sha256("previous"),
                    SlotHead.ref(head, "tip", 0),
                    SlotHead.ref(head, "kept", 0),
                    head.number("point", 0),
                    state(head.object("state"), number));
        } catch (DateTimeException e) {
            throw new BadObjectException(where + ": a field is not a time: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new BadObjectException(where + ": " + e.getMessage(), e);
        }
    }

    /** Returns the head. The digest is checked before anything in it is trusted. */
    private static byte[] frame(String where, byte[] bytes) throws BadObjectException {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = bytes.length - FRAME_HEAD_BYTES - TRAILER_BYTES;
        if (length < 0 || bytes.length > MAX_BYTES || in.getInt(0) != HEAD_MAGIC || in.getInt(4) != length) {
            throw new BadObjectException(where + ": not a care record (" + bytes.length + " bytes)");
        }
        int end = FRAME_HEAD_BYTES + length;
        byte[] stored = Arrays.copyOfRange(bytes, end + FRAME_HEAD_BYTES, bytes.length);
        if (in.getInt(end) != DIGEST_MAGIC
                || in.getInt(end + 4) != stored.length
                || !Arrays.equals(stored, digest(bytes, end))) {
            throw new BadObjectException("SHA-256 mismatch in " + where + ": stored " + Digest.hex(stored)
                    + ", computed " + Digest.hex(digest(bytes, end)));
        }
        return Arrays.copyOfRange(bytes, FRAME_HEAD_BYTES, end);
    }

    private static Kind kind(String where, String text) {
        for (Kind kind : Kind.values()) {
            if (kind.name().equals(text)) {
                return kind;
            }
        }
        throw UnknownArchiveFormatException.ofKind(where, text);
    }

    private static CareState state(Json json, long number) throws BadObjectException {
        return new CareState(
                json.has("floor") ? floor(json.object("floor"), number) : Floor.NONE,
                json.has("plan") ? plan(json.object("plan"), number) : null,
                json.has("delete") ? json.number("delete", 1, number) : 0,
                holds(json.object("holds"), number),
                marks(json.object("verified")),
                gaps(json.object("gaps")),
                json.has("damaged") ? json.number("damaged", 1, number) : 0);
    }

    private static Cut cut(Json json) throws BadObjectException {
        return new Cut(json.number("segment", 1, ArchiveKeys.MAX_SEGMENT), json.number("sequence", 1));
    }

    private static Floor floor(Json json, long number) throws BadObjectException {
        return new Floor(
                json.number("record", 1, number),
                cut(json),
                json.number("segments", 0),
                json.number("objectBytes", 0),
                json.number("fileBytes", 0),
                json.number("minTimestampNanos", Long.MIN_VALUE, Long.MAX_VALUE));
    }

    private static Plan plan(Json json, long number) throws BadObjectException {
        return new Plan(
                json.number("record", 1, number),
                cut(json),
                json.number("keys", 0),
                json.number("bytes", 0),
                json.sha256("keysSha256"),
                Instant.parse(json.string("due")));
    }

    private static SortedMap<Long, Hold> holds(Json json, long number) throws BadObjectException {
        TreeMap<Long, Hold> holds = new TreeMap<>();
        for (String name : json.names()) {
            long record = decimal(json, name);
            if (record > number) {
                throw new BadObjectException(json.where() + ": hold " + record + " in record " + number);
            }
            Json hold = json.object(name);
            holds.put(
                    record,
                    new Hold(
                            hold.number("sequence", 1),
                            text(hold.string("reason")),
                            text(hold.string("host")),
                            Instant.parse(hold.string("made"))));
        }
        return holds;
    }

    /** Returns a text as a record contains it: printable and short. */
    public static String text(String text) {
        String printable = Text.printable(text);
        return printable.substring(0, Math.min(CareState.MAX_TEXT_CHARS, printable.length()));
    }

    private static SortedMap<String, Mark> marks(Json json) throws BadObjectException {
        TreeMap<String, Mark> marks = new TreeMap<>();
        for (String level : json.names()) {
            // A level that a newer version added is kept as it is.
            if (!level.matches("[a-z]{1,16}") || marks.size() == 16) {
                throw new BadObjectException(json.where() + ": level \"" + Text.printable(level)
                        + "\"; expected up to 16 names of lower-case letters");
            }
            Json mark = json.object(level);
            marks.put(
                    level,
                    new Mark(
                            mark.number("firstSegment", 1, ArchiveKeys.MAX_SEGMENT),
                            new Cut(
                                    mark.number("lastSegment", 1, ArchiveKeys.MAX_SEGMENT),
                                    mark.number("lastSequence", 0)),
                            mark.number("checkpoint", 0),
                            Instant.parse(mark.string("since")),
                            Instant.parse(mark.string("checked")),
                            mark.has("slot") ? mark.number("slot", 1, ArchiveKeys.MAX_SLOT) : 0));
        }
        return marks;
    }

    private static SortedMap<Long, Gap> gaps(Json json) throws BadObjectException {
        TreeMap<Long, Gap> gaps = new TreeMap<>();
        for (String name : json.names()) {
            long first = decimal(json, name);
            gaps.put(first, new Gap(first, json.number(name, first)));
        }
        return gaps;
    }

    private static long decimal(Json json, String name) throws BadObjectException {
        if (!name.matches("[1-9][0-9]{0,17}")) {
            throw new BadObjectException(
                    json.where() + ": \"" + Text.printable(name) + "\"; expected a number without leading zeros");
        }
        return Long.parseLong(name);
    }
}
