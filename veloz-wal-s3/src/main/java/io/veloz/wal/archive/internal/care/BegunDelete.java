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
 * each oldest first. Immutable.
 *
 * @param cut the smallest one above all missing objects, which are all objects below it; null if they are missing otherwise
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
        boolean isWhole = cut != null && below(kept, cut).equals(missing);
        return new BegunDelete(isWhole ? cut : null, missing);
    }

    private static List<String> below(Proof proof, Cut cut) {
        return keys(proof).stream().filter(cut::isAbove).toList();
    }

    /** Returns the objects in the order in which a janitor deletes them. */
    static List<String> keys(Proof proof) {
        return Stream.concat(
                        proof.attachments().stream().map(Attachment::key),
                        proof.segments().stream().map(Segment::key))
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
            isSegmentMissing |= gone.contains(segment.key());
        }
        return null;
    }
}
