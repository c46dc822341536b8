package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.Slot.Restated;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Applies the slots that commit another object of a segment. The last one counts, and all of them must state the same file. It
 * belongs to one thread.
 */
final class Restatements {
    private final List<Segment> segments;
    private final List<String> replaced = new ArrayList<>();

    /** @param segments the committed segments so far, by ascending number, in which a statement is replaced */
    Restatements(List<Segment> segments) {
        this.segments = segments;
    }

    /** Replaces the statement of a segment. Returns why that is not possible; empty if it was replaced. */
    String add(Restated restated) {
        Segment next = restated.segment();
        int at = indexOf(next.number());
        if (at < 0) {
            return "states segment " + next.number() + " again, which no slot before it commits";
        }
        Segment last = segments.get(at);
        if (!restated.replaces().equals(last.key()) || next.key().equals(last.key())) {
            return "replaces " + restated.replaces() + " by " + next.key() + "; the last statement of segment "
                    + next.number() + " names " + last.key();
        }
        if (!next.equals(withObjectOf(next, last))) {
            return "states " + next + "; expected the same file as " + last;
        }
        replaced.addAll(last.objectKeys());
        segments.set(at, next);
        return "";
    }

    /**
     * Returns a statement with another object. The digests of a file that is encrypted with another data key cannot be compared
     * without keys; the writer has compared them.
     */
    private static Segment withObjectOf(Segment object, Segment file) {
        boolean isComparable =
                Objects.equals(object.stored().encryption(), file.stored().encryption());
        return new Segment(
                file.number(),
                new StoredFile(
                        object.key(),
                        object.objectBytes(),
                        object.objectSha256(),
                        file.fileBytes(),
                        isComparable ? file.fileSha256() : object.fileSha256(),
                        object.stored().encryption(),
                        object.stored().parts()),
                file.dataBytes(),
                file.firstSequence(),
                file.lastSequence(),
                file.records(),
                file.minTimestampNanos(),
                file.maxTimestampNanos());
    }

    private int indexOf(long number) {
        int low = 0;
        int high = segments.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long found = segments.get(middle).number();
            if (found == number) {
                return middle;
            } else if (found < number) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    List<String> replaced() {
        return replaced;
    }
}
