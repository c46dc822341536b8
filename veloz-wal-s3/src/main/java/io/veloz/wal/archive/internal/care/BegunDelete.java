package io.veloz.wal.archive.internal.care;

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
 * <p>A segment of which some parts are left is no evidence: a part may have been lost otherwise, and a DELETE of the segment would
 * delete the others.
 *
 * @param cut the end of the segments of which no object is left; null if there are none, or objects are missing otherwise
 * @param missing the objects below the open plan that are missing
 * @param partly those of them that are the first parts of the segment at the cut
 */
record BegunDelete(@Nullable Cut cut, List<String> missing, List<String> partly) {
    /**
     * @param before the state before the record that is not readable
     * @param gone the missing objects
     */
    static BegunDelete of(CareState before, Cut planned, Proof proof, Set<String> gone) {
        Proof kept = proof.from(before.floor().cut());
        List<String> missing =
                below(kept, planned).stream().filter(gone::contains).toList();
        @Nullable Segment first = firstLeft(kept, missing);
        if (first == null) {
            return new BegunDelete(null, missing, List.of());
        }
        Cut cut = new Cut(first.number(), first.firstSequence());
        List<String> below = below(kept, cut);
        List<String> partly = missing.subList(Math.min(below.size(), missing.size()), missing.size());
        boolean isBegun =
                missing.subList(0, missing.size() - partly.size()).equals(below) && isBeginning(partly, first);
        return isBegun ? new BegunDelete(cut, missing, partly) : new BegunDelete(null, missing, List.of());
    }

    private static boolean isBeginning(List<String> partly, Segment segment) {
        return partly.equals(segment.objectKeys().stream().limit(partly.size()).toList());
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

    /** Returns the first segment of which an object is left; null if none before it is missing, as a janitor deletes segments last. */
    private static @Nullable Segment firstLeft(Proof proof, List<String> missing) {
        Set<String> gone = Set.copyOf(missing);
        @Nullable Segment before = null;
        for (Segment segment : proof.segments()) {
            if (!gone.containsAll(segment.objectKeys())) {
                return before == null ? null : segment;
            }
            before = segment;
        }
        return null;
    }
}
