package io.veloz.wal.archive.internal.format;

/**
 * Which older segments of a restored log are still in the archive: the content of the file that exists in the log's directory while
 * they may be filled in. Immutable.
 *
 * @param logId of the log
 * @param origin of the archive
 * @param archive informational: the URI of the archive, without secrets
 * @param firstSegment the last segment to fill in, which is the oldest one
 * @param firstSequence its first record
 * @param begunSegment the segment with which the restored log began
 * @param begunSequence its first record
 */
public record FillState(
        String logId,
        String origin,
        String archive,
        long firstSegment,
        long firstSequence,
        long begunSegment,
        long begunSequence) {
    /** The maximum size of the file. */
    public static final int MAX_BYTES = 16 * 1024;

    private static final long FORMAT = 1;

    /** Returns the content of the file. */
    public byte[] encode() {
        return Json.create()
                .put("format", FORMAT)
                .put("log", logId)
                .put("origin", origin)
                .put("archive", archive)
                .put("firstSegment", firstSegment)
                .put("firstSequence", firstSequence)
                .put("begunSegment", begunSegment)
                .put("begunSequence", begunSequence)
                .encode();
    }

    /**
     * Decodes the content of the file.
     *
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static FillState decode(String where, byte[] bytes) throws BadObjectException {
        Json json = Json.decode(where, bytes);
        UnknownArchiveFormatException.check(where, json.number("format", 1), FORMAT, FORMAT);
        return new FillState(
                json.hex32("log"),
                json.string("origin"),
                json.string("archive"),
                json.number("firstSegment", 1, ArchiveKeys.MAX_SEGMENT),
                json.number("firstSequence", 1),
                json.number("begunSegment", 1, ArchiveKeys.MAX_SEGMENT),
                json.number("begunSequence", 1));
    }
}
