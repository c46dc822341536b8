package io.veloz.wal.backup.internal.retention;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryPoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The chunks that an archive contains, with their sizes. Immutable. Other objects under {@code attachments/}, such as
 * checkpoints of the log, are not in it.
 *
 * <p>It is complete for every recovery point that was read before the listing began: the chunks of a point are put before
 * the point.
 */
public final class ChunkListing {
    private static final String PREFIX = "attachments/";
    private static final Pattern CHUNK = Pattern.compile("(attachments/(?:"
            + Arrays.stream(Kind.values())
                    .map(kind -> kind.label() + "_[0-9a-f]{32}\\." + Pattern.quote(kind.suffix()))
                    .collect(Collectors.joining("|"))
            + "))\\.chunk[0-9]{5,7}");

    private final SortedMap<String, Long> chunks = new TreeMap<>();

    private ChunkListing() {}

    public static ChunkListing read(ObjectStore store) throws StoreException {
        ChunkListing listing = new ChunkListing();
        for (StoredObject object : Listing.read(store, PREFIX)) {
            if (CHUNK.matcher(object.key()).matches()) {
                listing.chunks.put(object.key(), object.bytes());
            }
        }
        return listing;
    }

    public static boolean isChunk(String key) {
        return CHUNK.matcher(key).matches();
    }

    /** Returns the part of a chunk's key that all chunks of its attachment have in common. */
    public static String stem(String chunkKey) {
        Matcher chunk = CHUNK.matcher(chunkKey);
        if (!chunk.matches()) {
            throw new IllegalArgumentException("\"" + chunkKey + "\" is not the key of a chunk");
        }
        return chunk.group(1);
    }

    SortedMap<String, Long> bytesByKey() {
        return chunks;
    }

    /** Returns what is missing or has another size than the point names; empty if the point is whole. */
    public List<String> problems(RecoveryPoint point) {
        List<String> problems = new ArrayList<>();
        for (Attachment attachment : point.attachments()) {
            for (int i = 0; i < attachment.chunks().size(); i++) {
                String key = attachment.chunkKey(i);
                Long bytes = chunks.get(key);
                long expected = attachment.chunks().get(i).bytes();
                if (bytes == null) {
                    problems.add(key + " is missing");
                } else if (bytes != expected) {
                    problems.add(key + " has " + bytes + " bytes; the point names " + expected);
                }
            }
        }
        return problems;
    }

    /** Returns whether all chunks of a point are listed with the sizes that it names. */
    public boolean isWhole(RecoveryPoint point) {
        return problems(point).isEmpty();
    }

    /** Returns the keys of the chunks of a point that are not listed. */
    List<String> missing(RecoveryPoint point) {
        List<String> missing = new ArrayList<>();
        for (Attachment attachment : point.attachments()) {
            for (int i = 0; i < attachment.chunks().size(); i++) {
                if (!chunks.containsKey(attachment.chunkKey(i))) {
                    missing.add(attachment.chunkKey(i));
                }
            }
        }
        return missing;
    }
}
