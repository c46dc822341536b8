package io.veloz.wal.archive.internal.format;

import java.time.Instant;
import java.time.format.DateTimeParseException;

/**
 * Which log an archive belongs to: the object {@code log.json}, created once. Immutable.
 *
 * @param logId 32 hex digits
 * @param prefix of the log's file names
 * @param created when, by the first writer's clock
 * @param firstSegment the archive begins with that segment
 * @param firstSequence and with that record
 */
public record LogIdentity(String logId, String prefix, Instant created, long firstSegment, long firstSequence) {
    private static final long FORMAT = 1;

    public byte[] encode() {
        return Json.create()
                .put("format", FORMAT)
                .put("log", logId)
                .put("prefix", prefix)
                .put("created", created.toString())
                .put("firstSegment", firstSegment)
                .put("firstSequence", firstSequence)
                .encode();
    }

    /**
     * Reads the object.
     *
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static LogIdentity decode(String where, byte[] bytes) throws BadObjectException {
        Json json = Json.decode(where, bytes);
        UnknownArchiveFormatException.check(where, json.number("format", 1), FORMAT);
        try {
            return new LogIdentity(
                    SlotCodec.hex32(where, json, "log"),
                    json.string("prefix"),
                    Instant.parse(json.string("created")),
                    json.number("firstSegment", 1),
                    json.number("firstSequence", 1));
        } catch (DateTimeParseException e) {
            throw new BadObjectException(where + ": created \"" + json.string("created") + "\"; expected a time", e);
        }
    }
}
