package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.ChainState.Totals;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Reason;
import io.veloz.wal.archive.internal.format.Slot.Restated;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The head of a slot: all its fields as a JSON object. See docs/archive.md, "Slots". */
final class SlotHead {
    private static final long NEWEST_FORMAT = 3;

    private SlotHead() {}

    // ---- encoding

    static byte[] encode(Slot slot) {
        Json json = Json.create()
                .put("format", (long) slot.format())
                .put("kind", kind(slot.part()))
                .put("log", slot.logId());
        if (!slot.origin().isEmpty()) {
            json.put("origin", slot.origin());
        }
        if (slot.format() > 1) {
            json.put("instance", slot.instance());
        }
        json.put("slot", slot.number())
                .put("epoch", slot.epoch())
                .put("writer", slot.writer())
                .put("host", slot.host())
                .put("written", slot.written().toString())
                .put("previous", slot.previous())
                .put("kept", encode(slot.kept()));
        put(json, slot.archived());
        putFields(json, slot.part());
        if (slot.chain() != null) {
            json.put("chain", encode(slot.chain()));
        }
        return json.encode();
    }

    static Json encode(SlotRef ref) {
        return Json.create().put("slot", ref.number()).put("sha256", ref.sha256());
    }

    static Json put(Json json, Archived archived) {
        return json.put(
                "archived",
                Json.create()
                        .put("segment", archived.segment())
                        .put("position", archived.position())
                        .put("sequence", archived.sequence()));
    }

    private static Json encode(ChainState chain) {
        Json since = Json.create();
        chain.since().forEach(ref -> since.put(Long.toString(ref.number()), ref.sha256()));
        Json json = Json.create().put("since", since);
        if (chain.summary().number() > 0) {
            json.put("summary", encode(chain.summary()));
        }
        if (chain.checkpoint().number() > 0) {
            json.put("checkpoint", encode(chain.checkpoint()).put("sequence", chain.checkpointSequence()));
        }
        Totals totals = chain.totals();
        if (totals != null) {
            json.put(
                    "totals",
                    Json.create()
                            .put("segments", totals.segments())
                            .put("objectBytes", totals.objectBytes())
                            .put("fileBytes", totals.fileBytes())
                            .put("attachments", totals.attachments())
                            .put("attachmentBytes", totals.attachmentBytes())
                            .put("gaps", totals.gaps())
                            .put("epochs", totals.epochs())
                            .put("kept", totals.kept()));
        }
        return json;
    }

    private static String kind(Part part) {
        if (part instanceof Tail) {
            return "TAIL";
        } else if (part instanceof Segment) {
            return "SEGMENT";
        } else if (part instanceof Restated) {
            return "RESTATED";
        } else if (part instanceof Attachment) {
            return "ATTACHMENT";
        } else if (part instanceof Gap) {
            return "GAP";
        } else if (part instanceof Summary) {
            return "SUMMARY";
        } else if (part instanceof Beat) {
            return "BEAT";
        }
        return "EPOCH";
    }

    /** Adds the kind of a part, and its fields. */
    static void putPart(Json json, Part part) {
        putFields(json.put("kind", kind(part)), part);
    }

    private static void putFields(Json json, Part part) {
        if (part instanceof Epoch epoch) {
            put(json, epoch);
        } else if (part instanceof Tail tail) {
            json.put("tail", encode(tail));
        } else if (part instanceof Segment segment) {
            json.put("segment", encode(segment));
        } else if (part instanceof Restated restated) {
            json.put("segment", encode(restated.segment()).put("replaces", restated.replaces()));
        } else if (part instanceof Attachment attachment) {
            Json fields = Json.create().put("name", attachment.name()).put("sequence", attachment.sequence());
            json.put("attachment", put(fields, attachment.stored()));
        } else if (part instanceof Gap gap) {
            json.put("gap", encode(gap));
        } else if (part instanceof Summary summary) {
            json.put("covers", encode(summary));
        } else if (part instanceof Beat beat) {
            json.put(
                    "beat",
                    Json.create().put("intervalMillis", beat.intervalMillis()).put("after", encode(beat.after())));
        }
    }

    /** An EPOCH of format 1 has no reason, which means a start. */
    private static void put(Json json, Epoch epoch) {
        if (!epoch.logJson().isEmpty()) {
            json.put("logJson", epoch.logJson());
        }
        if (epoch.reason() != Reason.START) {
            json.put("reason", epoch.reason().name().toLowerCase(Locale.ROOT)).put("observed", epoch.observed());
        }
        if (!epoch.keyId().isEmpty()) {
            json.put("keyId", epoch.keyId());
        }
    }

    private static Json encode(Summary summary) {
        Json json = Json.create()
                .put("level", (long) summary.level())
                .put("before", encode(summary.before()))
                .put("from", summary.from())
                .put("to", encode(summary.to()))
                .put("entries", summary.entries())
                .put("sequence", summary.sequence())
                .put("contentBytes", summary.contentBytes())
                .put("contentSha256", summary.contentSha256());
        return putParts(json, summary.parts());
    }

    /** Adds the number of parts in a range. A range without parts has no such field. */
    static Json putParts(Json json, long parts) {
        return parts == 0 ? json : json.put("parts", parts);
    }

    private static Json encode(Tail tail) {
        Json json = Json.create()
                .put("segment", tail.segment())
                .put("position", tail.position())
                .put("endPosition", tail.endPosition())
                .put("firstSequence", tail.firstSequence())
                .put("lastSequence", tail.lastSequence())
                .put("sha256", tail.sha256());
        return put(json, tail.encryption());
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
        json.put("key", file.key())
                .put("objectBytes", file.objectBytes())
                .put("objectSha256", file.objectSha256())
                .put("fileBytes", file.fileBytes())
                .put("fileSha256", file.fileSha256());
        put(json, file.encryption());
        return file.parts().isEmpty() ? json : json.put("parts", PartsCodec.encode(file.parts()));
    }

    private static Json put(Json json, @Nullable Encryption encryption) {
        return encryption == null ? json : json.put("encryption", encode(encryption));
    }

    /** Returns the fields of an encryption. Equal encryptions give equal bytes. */
    static Json encode(Encryption encryption) {
        return Json.create().put("key", encryption.keyId()).put("wrapped", encryption.wrapped());
    }

    // ---- decoding

    /**
     * Decodes the head of a slot.
     *
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    static Slot decode(String where, byte[] head) throws BadObjectException {
        Json json = Json.decode(where, head);
        long format = json.number("format", 1);
        UnknownArchiveFormatException.check(where, format, 1, NEWEST_FORMAT);
        try {
            long number = json.number("slot", 1, ArchiveKeys.MAX_SLOT);
            SlotRef kept = ref(json, "kept", 0);
            Part part = part(where, json);
            if (format == 1 && (part instanceof Summary || part instanceof Restated)) {
                throw UnknownArchiveFormatException.ofKind(where, json.string("kind"));
            }
            if ((part instanceof Beat) != (format == NEWEST_FORMAT)) {
                // A later version may use format 3 for other kinds; this one does not know their rules.
                throw UnknownArchiveFormatException.ofKind(where, json.string("kind"));
            }
            boolean hasChain = format > 1 && !(part instanceof Tail || part instanceof Beat);
            return new Slot(
                    json.hex32("log"),
                    format > 1 || json.has("origin") ? json.sha256("origin") : "",
                    number,
                    json.number("epoch", 1, ArchiveKeys.MAX_EPOCH),
                    json.hex32("writer"),
                    Text.printable(json.string("host")),
                    Instant.parse(json.string("written")),
                    json.sha256("previous"),
                    kept,
                    archived(json),
                    part,
                    format > 1 ? json.hex32("instance") : "",
                    hasChain ? chain(json.object("chain"), number, kept) : null);
        } catch (DateTimeParseException e) {
            throw new BadObjectException(where + ": field \"written\" is not a time", e);
        }
    }

    static SlotRef ref(Json json, String name, long least) throws BadObjectException {
        Json ref = json.object(name);
        return new SlotRef(ref.number("slot", least, ArchiveKeys.MAX_SLOT), ref.sha256("sha256"));
    }

    static Archived archived(Json json) throws BadObjectException {
        Json archived = json.object("archived");
        return new Archived(
                archived.number("segment", 0, ArchiveKeys.MAX_SEGMENT),
                archived.number("position", 0),
                archived.number("sequence", 0));
    }

    private static ChainState chain(Json json, long number, SlotRef kept) throws BadObjectException {
        List<SlotRef> since = since(json.object("since"));
        if (!since.isEmpty() && !since.get(since.size() - 1).equals(kept)) {
            throw new BadObjectException(json.where() + ": \"since\" ends with slot "
                    + since.get(since.size() - 1).number() + "; expected the kept slot " + kept.number());
        }
        boolean hasCheckpoint = json.has("checkpoint");
        SlotRef summary = json.has("summary") ? ref(json, "summary", 1) : SlotRef.NONE;
        SlotRef checkpoint = hasCheckpoint ? ref(json, "checkpoint", 1) : SlotRef.NONE;
        if (Math.max(summary.number(), checkpoint.number()) > kept.number() || kept.number() >= number) {
            throw new BadObjectException(json.where() + ": names slot "
                    + Math.max(kept.number(), Math.max(summary.number(), checkpoint.number()))
                    + "; expected a kept slot before slot " + number);
        }
        return new ChainState(
                since,
                summary,
                checkpoint,
                hasCheckpoint ? json.object("checkpoint").number("sequence", 0) : 0,
                json.has("totals") ? totals(json.object("totals")) : null);
    }

    private static List<SlotRef> since(Json json) throws BadObjectException {
        List<SlotRef> since = new ArrayList<>();
        long last = 0;
        for (String name : json.names()) {
            long number = slotNumber(name);
            if (number <= last || since.size() == ChainState.MAX_SINCE) {
                throw new BadObjectException(json.where() + ": slot \"" + Text.printable(name) + "\" after slot " + last
                        + "; expected ascending numbers, at most " + ChainState.MAX_SINCE);
            }
            since.add(new SlotRef(number, json.sha256(name)));
            last = number;
        }
        return since;
    }

    /** Returns the number that a name states in decimal without leading zeros; -1 for any other name. */
    private static long slotNumber(String name) {
        return name.matches("[1-9][0-9]{0,17}") ? Long.parseLong(name) : -1;
    }

    private static Totals totals(Json json) throws BadObjectException {
        return new Totals(
                json.number("segments", 0),
                json.number("objectBytes", 0),
                json.number("fileBytes", 0),
                json.number("attachments", 0),
                json.number("attachmentBytes", 0),
                json.number("gaps", 0),
                json.number("epochs", 0),
                json.number("kept", 0));
    }

    static Part part(String where, Json json) throws BadObjectException {
        String kind = json.string("kind");
        return switch (kind) {
            case "EPOCH" -> epoch(where, json);
            case "TAIL" -> tail(json.object("tail"));
            case "SEGMENT" -> segment(json.object("segment"));
            case "RESTATED" -> restated(json.object("segment"));
            case "ATTACHMENT" -> attachment(json.object("attachment"));
            case "GAP" -> gap(json.object("gap"));
            case "SUMMARY" -> summary(json.object("covers"));
            case "BEAT" -> beat(json, json.object("beat"));
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
        Reason reason = json.has("reason") ? reason(where, json.string("reason")) : Reason.START;
        long before = json.number("epoch", 1, ArchiveKeys.MAX_EPOCH) - 1;
        long observed = reason == Reason.START ? 0 : json.number("observed", Math.max(1, before), before);
        return new Epoch(text, reason, observed, json.has("keyId") ? keyId(json, "keyId") : "");
    }

    private static Reason reason(String where, String text) throws BadObjectException {
        return switch (text) {
            case "start" -> Reason.START;
            case "takeover" -> Reason.TAKEOVER;
            case "promotion" -> Reason.PROMOTION;
            default ->
                throw new BadObjectException(where + ": field \"reason\" is \"" + Text.printable(text)
                        + "\"; expected start, takeover or promotion");
        };
    }

    private static Summary summary(Json json) throws BadObjectException {
        return new Summary(
                (int) json.number("level", 1, 2),
                ref(json, "before", 0),
                json.number("from", 1, ArchiveKeys.MAX_SLOT),
                ref(json, "to", 1),
                json.number("entries", 1),
                json.number("sequence", 0),
                json.number("contentBytes", 1, SummaryContent.MAX_BYTES),
                json.sha256("contentSha256"),
                parts(json));
    }

    static long parts(Json json) throws BadObjectException {
        return json.has("parts") ? json.number("parts", 0) : 0;
    }

    private static Beat beat(Json json, Json fields) throws BadObjectException {
        SlotRef after = ref(fields, "after", 1);
        if (after.number() >= json.number("slot", 1, ArchiveKeys.MAX_SLOT)) {
            throw new BadObjectException(
                    fields.where() + ": \"after\" is slot " + after.number() + "; expected a slot before this one");
        }
        return new Beat(fields.number("intervalMillis", 1), after);
    }

    private static StoredFile stored(Json json, long minFileBytes) throws BadObjectException {
        return new StoredFile(
                key(json, "key"),
                json.number("objectBytes", 1),
                json.sha256("objectSha256"),
                json.number("fileBytes", minFileBytes),
                json.sha256("fileSha256"),
                encryption(json));
    }

    static @Nullable Encryption encryption(Json json) throws BadObjectException {
        if (!json.has("encryption")) {
            return null;
        }
        Json fields = json.object("encryption");
        return new Encryption(keyId(fields, "key"), wrapped(fields));
    }

    static String wrapped(Json json) throws BadObjectException {
        String wrapped = json.string("wrapped");
        if (!wrapped.matches(Encryption.WRAPPED)) {
            throw new BadObjectException(json.where() + ": field \"wrapped\" is not a wrapped key in Base64");
        }
        return wrapped;
    }

    private static String keyId(Json json, String name) throws BadObjectException {
        String id = json.string(name);
        if (!id.matches(Encryption.KEY_ID)) {
            throw new BadObjectException(json.where() + ": field \"" + name + "\" is \"" + Text.printable(id)
                    + "\"; expected 1 to 64 letters, digits and \"._-\"");
        }
        return id;
    }

    private static Restated restated(Json json) throws BadObjectException {
        return new Restated(segment(json), key(json, "replaces"));
    }

    private static String key(Json json, String field) throws BadObjectException {
        String key = json.string(field);
        if (!ArchiveKeys.isKey(key)) {
            throw new BadObjectException(json.where() + ": field \"" + field + "\" is \"" + Text.printable(key)
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
                json.sha256("sha256"),
                encryption(json));
    }

    private static Segment segment(Json json) throws BadObjectException {
        StoredFile stored = stored(json, 1);
        return new Segment(
                json.number("number", 1, ArchiveKeys.MAX_SEGMENT),
                json.has("parts") ? PartsCodec.decode(json.object("parts"), stored) : stored,
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
