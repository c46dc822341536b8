package io.veloz.wal.archive.internal.format;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;

/**
 * The identity of the log that an archive belongs to: the object {@code log.json}, which is created once. Every EPOCH slot
 * repeats its text, and every slot contains its digest, so a change or loss is detected and can be undone. Immutable.
 *
 * @param logId 32 hex digits
 * @param prefix of the file names of the log
 * @param created by the clock of the first writer
 * @param firstSegment the first segment of the archive
 * @param firstSequence the first record of the archive
 * @param text the content of the object, in UTF-8
 * @param origin SHA-256 of the object
 */
public record LogIdentity(
        String logId,
        String prefix,
        Instant created,
        long firstSegment,
        long firstSequence,
        String text,
        String origin) {
    /** The maximum size of the object. */
    public static final int MAX_BYTES = 4096;

    private static final long FORMAT = 1;

    /** Creates the identity of a new archive. */
    public LogIdentity(String logId, String prefix, Instant created, long firstSegment, long firstSequence) {
        this(
                logId,
                prefix,
                created,
                firstSegment,
                firstSequence,
                text(logId, prefix, created, firstSegment, firstSequence));
    }

    private LogIdentity(
            String logId, String prefix, Instant created, long firstSegment, long firstSequence, String text) {
        this(
                logId,
                prefix,
                created,
                firstSegment,
                firstSequence,
                text,
                Digest.of(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String text(String logId, String prefix, Instant created, long firstSegment, long firstSequence) {
        byte[] bytes = Json.create()
                .put("format", FORMAT)
                .put("log", logId)
                .put("prefix", prefix)
                .put("created", created.toString())
                .put("firstSegment", firstSegment)
                .put("firstSequence", firstSequence)
                .encode();
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Returns the content of the object, byte for byte as it was read. */
    public byte[] encode() {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Decodes the content of the object.
     *
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static LogIdentity decode(String where, byte[] bytes) throws BadObjectException {
        if (bytes.length > MAX_BYTES) {
            throw new BadObjectException(where + ": more than " + MAX_BYTES + " bytes");
        }
        Json json = Json.decode(where, bytes);
        UnknownArchiveFormatException.check(where, json.number("format", 1), FORMAT, FORMAT);
        String prefix = json.string("prefix");
        if (!ArchiveKeys.isPrefix(prefix)) {
            throw new BadObjectException(where + ": prefix \"" + Text.printable(prefix)
                    + "\"; expected 1 to 64 letters, digits, \"-\" or \"_\"");
        }
        try {
            return new LogIdentity(
                    json.hex32("log"),
                    prefix,
                    Instant.parse(json.string("created")),
                    json.number("firstSegment", 1, ArchiveKeys.MAX_SEGMENT),
                    json.number("firstSequence", 1),
                    utf8(where, bytes));
        } catch (DateTimeParseException e) {
            throw new BadObjectException(where + ": field \"created\" is not a time", e);
        }
    }

    private static String utf8(String where, byte[] bytes) throws BadObjectException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadObjectException(where + ": invalid UTF-8", e);
        }
    }

    /** Returns the fields that differ from those of another identity, with both values. */
    public String differencesFrom(LogIdentity expected) {
        List<String> fields = new ArrayList<>();
        add(fields, "log", logId, expected.logId);
        add(fields, "prefix", prefix, expected.prefix);
        add(fields, "created", created, expected.created);
        add(fields, "firstSegment", firstSegment, expected.firstSegment);
        add(fields, "firstSequence", firstSequence, expected.firstSequence);
        return fields.isEmpty() ? "its bytes, but none of the known fields" : String.join(", ", fields);
    }

    private static void add(List<String> fields, String name, Object found, Object expected) {
        if (!found.equals(expected)) {
            fields.add(name + " is " + found + ", expected " + expected);
        }
    }
}
