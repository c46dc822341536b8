package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;

/** The head of a slot: all its fields as a JSON object. See docs/archive.md, "Slots". */
final class SlotHead {
    private static final long FORMAT = 1;

    private SlotHead() {}

    // ---- encoding

    static byte[] encode(Slot slot) {
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
            json.put("tail", encode(tail));
        } else if (part instanceof Segment segment) {
            json.put("segment", encode(segment));
        } else if (part instanceof Attachment attachment) {
            Json fields = Json.create().put("name", attachment.name()).put("sequence", attachment.sequence());
            json.put("attachment", put(fields, attachment.stored()));
        } else if (part instanceof Gap gap) {
            json.put("gap", encode(gap));
        }
    }

    private static Json encode(Tail tail) {
        return Json.create()
                .put("segment", tail.segment())
                .put("position", tail.position())
                .put("endPosition", tail.endPosition())
                .put("firstSequence", tail.firstSequence())
                .put("lastSequence", tail.lastSequence())
                .put("sha256", tail.sha256());
    }

    private static Json encode(Segment segment) {
        return put(Json.create().put("number", segment.number()), segment.stored())
                .put("dataBytes", segment.dataBytes())
                .put("firstSequence", segment.firstSequence())
                .put("lastSequence", segment.lastSequence())
                .put("records", segment.records())
                .put("minTimestampNanos", segment.minTimestampNanos())
                .put("maxTimestampNanos", segment.maxTimestampNanos());
    }

    private static Json encode(Gap gap) {
        return Json.create()
                .put("firstSequence", gap.firstSequence())
                .put("lastSequence", gap.lastSequence())
                .put("nextSegment", gap.nextSegment())
                .put("reason", gap.reason());
    }

    private static Json put(Json json, StoredFile file) {
        return json.put("key", file.key())
                .put("objectBytes", file.objectBytes())
                .put("objectSha256", file.objectSha256())
                .put("fileBytes", file.fileBytes())
                .put("fileSha256", file.fileSha256());
    }

    // ---- decoding

    /**
     * Decodes the head of a slot.
     *
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    static Slot decode(String where, byte[] head) throws BadObjectException {
        Json json = Json.decode(where, head);
        UnknownArchiveFormatException.check(where, json.number("format", 1), FORMAT);
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
            throw new BadObjectException(where + ": field \"written\" is not a time", e);
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

    private static StoredFile stored(Json json, long minFileBytes) throws BadObjectException {
        return new StoredFile(
                key(json),
                json.number("objectBytes", 1),
                json.sha256("objectSha256"),
                json.number("fileBytes", minFileBytes),
                json.sha256("fileSha256"));
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
                stored(json, 1),
                json.number("dataBytes", 1),
                json.number("firstSequence", 1),
                json.number("lastSequence", 1),
                json.number("records", 1),
                json.number("minTimestampNanos", Long.MIN_VALUE, Long.MAX_VALUE),
                json.number("maxTimestampNanos", Long.MIN_VALUE, Long.MAX_VALUE));
    }

    private static Attachment attachment(Json json) throws BadObjectException {
        return new Attachment(Text.printable(json.string("name")), json.number("sequence", 0), stored(json, 0));
    }

    private static Gap gap(Json json) throws BadObjectException {
        return new Gap(
                json.number("firstSequence", 1),
                json.number("lastSequence", 1),
                json.number("nextSegment", 1, ArchiveKeys.MAX_SEGMENT),
                Text.printable(json.string("reason")));
    }
}
