package io.veloz.wal.archive.internal.index;

import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.spi.RecordKeys;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The consecutive segments of one index object. Immutable.
 *
 * <p>The binding is computed from the slots, and is part of the checksum of each block. So an index of other segments, of other
 * objects or of other keys is never taken for this one, although no slot names the index.
 *
 * @param prefix of the file names of the log
 * @param from the number of the first segment
 * @param to the number of the last segment
 * @param firstSequence the first record of the first segment
 * @param lastSequence the last record of the last segment
 * @param binding SHA-256 of what is indexed, as 64 hex digits
 * @param keyId the key that wraps the data key of the index; null if it is not encrypted
 */
public record IndexRange(
        String prefix,
        long from,
        long to,
        long firstSequence,
        long lastSequence,
        String binding,
        @Nullable String keyId) {
    /** The number of segments in a merged index. The last one of them has a multiple of it as its number. */
    public static final int MERGED = 64;

    private static final int BINDING_CHARS = 16;
    private static final Pattern KEY =
            Pattern.compile("index/([A-Za-z0-9][A-Za-z0-9_-]{0,63})_([0-9]{16})-([0-9]{16})\\.[0-9a-f]{16}\\.ids");

    /** A segment, and the object that contains it. */
    public record Part(long number, long firstSequence, long lastSequence, StoredFile stored) {}

    /** The parts of the key of an index object. */
    public record Name(String prefix, long from, long to) {}

    /**
     * Returns the range of segments.
     *
     * @param parts consecutive segments, at least one
     */
    public static IndexRange of(String logId, String prefix, RecordKeys keys, List<Part> parts) {
        if (!keys.name().matches(RecordKeys.NAME)) {
            throw new IllegalArgumentException("RecordKeys.name \"" + keys.name() + "\": expected " + RecordKeys.NAME);
        }
        StringBuilder text = new StringBuilder("veloz-wal index 1\n");
        text.append("log ").append(logId).append('\n');
        text.append("keys ").append(keys.name()).append('\n');
        @Nullable String keyId = null;
        for (Part part : parts) {
            text.append(part.stored().key()).append(' ');
            text.append(part.stored().objectSha256()).append('\n');
            @Nullable Encryption encryption = part.stored().encryption();
            keyId = encryption == null ? keyId : encryption.keyId();
        }
        Part last = parts.get(parts.size() - 1);
        return new IndexRange(
                prefix,
                parts.get(0).number(),
                last.number(),
                parts.get(0).firstSequence(),
                last.lastSequence(),
                Digest.of(text.toString().getBytes(StandardCharsets.UTF_8)),
                keyId);
    }

    /** Returns the key of the object. It contains the binding, so that another index of these segments has another key. */
    public String key() {
        return String.format(
                Locale.ROOT,
                "%s%s_%016d-%016d.%s.ids",
                ArchiveKeys.INDEX,
                prefix,
                from,
                to,
                binding.substring(0, BINDING_CHARS));
    }

    /** Returns the key after which a list contains the indexes from that segment on. */
    public static String before(String prefix, long from) {
        return String.format(Locale.ROOT, "%s%s_%016d", ArchiveKeys.INDEX, prefix, from);
    }

    /** Returns the parts of the key of an index object; empty for any other key. */
    public static Optional<Name> name(String key) {
        Matcher found = KEY.matcher(key);
        return found.matches()
                ? Optional.of(new Name(found.group(1), Long.parseLong(found.group(2)), Long.parseLong(found.group(3))))
                : Optional.empty();
    }

    /** Returns the number of the last segment in the merged index that may contain a segment. */
    public static long lastOfGroup(long segment) {
        return (segment + MERGED - 1) / MERGED * MERGED;
    }

    /** Returns whether an entry can state every record of the range. */
    public boolean isIndexable() {
        return lastSequence - firstSequence <= KeyTable.MAX_OFFSET;
    }

    byte[] bindingBytes() {
        return HexFormat.of().parseHex(binding);
    }
}
