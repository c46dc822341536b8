package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys.SegmentKey;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The evidence of a DELETE that is not readable: objects are missing as a janitor deletes them, checkpoints first, then segments,
 * each oldest first, and the parts of a segment in their order. Immutable.
 *
 * @param cut the smallest one above all missing objects, which are all objects below it, except for the last parts of the last
 *     segment; null if they are missing otherwise
 * @param missing the objects below the open plan that are missing
 */
record BegunDelete(@Nullable Cut cut, List<String> missing) {
    /**
     * @param before the state before the record that is not readable
     * @param gone the missing objects
     */
    static BegunDelete of(CareState before, Cut planned, Proof proof, Set<String> gone) {
        Proof kept = proof.from(before.floor().cut());
        List<String> missing =
                below(kept, planned).stream().filter(gone::contains).toList();
        @Nullable Cut cut = smallest(kept, gone, missing);
        boolean isBegun = cut != null && isBeginning(missing, below(kept, cut));
        return new BegunDelete(isBegun ? cut : null, missing);
    }

    /** Returns whether all objects are missing, except for the last parts of the last segment. */
    private static boolean isBeginning(List<String> missing, List<String> below) {
        if (missing.isEmpty() || !below.subList(0, missing.size()).equals(missing)) {
            return false;
        }
        String last = whole(missing.get(missing.size() - 1));
        return below.stream().skip(missing.size()).allMatch(key -> whole(key).equals(last));
    }

    private static String whole(String key) {
        return ArchiveKeys.segmentKey(key).map(SegmentKey::whole).orElse(key);
    }

    private static List<String> below(Proof proof, Cut cut) {
        return keys(proof).stream().filter(cut::isAbove).toList();
    }

    /** Returns the objects in the order in which a janitor deletes them. */
    static List<String> keys(Proof proof) {
        return Stream.concat(
                        proof.attachments().stream().map(Attachment::key),
                        proof.segments().stream().flatMap(segment -> segment.objectKeys().stream()))
                .sorted()
                .toList();
    }

    /** Returns the cut above all missing objects; null if no segment is missing, as a janitor deletes segments last. */
    private static @Nullable Cut smallest(Proof proof, Set<String> gone, List<String> missing) {
        boolean isSegmentMissing = false;
        for (Segment segment : proof.segments()) {
            Cut cut = new Cut(segment.number(), segment.firstSequence());
            if (isSegmentMissing && missing.stream().allMatch(cut::isAbove)) {
                return cut;
            }
            isSegmentMissing |= segment.objectKeys().stream().anyMatch(gone::contains);
        }
        return null;
    }
}
