package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.LostRange;
import io.veloz.wal.archive.internal.care.AcknowledgedGaps;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The segments that a restore has found damaged or missing, and whose loss an operator has acknowledged. To the restore their
 * records are a gap of the archive. It belongs to one thread.
 */
final class LostSegments {
    private static final String REASON = "the object is damaged or missing, and its loss is acknowledged";

    private final ObjectStore store;
    private final Retries retries;
    private final Set<String> lost = new HashSet<>();
    private Set<String> acknowledged = Set.of();

    LostSegments(ObjectStore store, Retries retries) {
        this.store = store;
        this.retries = retries;
    }

    /** Takes over what is acknowledged. */
    void proven(Proof proof, CareState state) {
        acknowledged = new AcknowledgedGaps(state).keys(proof.segments(), segment -> true);
    }

    /**
     * Returns the segment of a damaged or missing object, and all others that are missing, so that a restore begins again once and
     * not for each of them. Returns an empty list if its loss is not acknowledged.
     *
     * @param fetched the segments that the restore fetches
     */
    List<Segment> found(DamagedObjectException e, List<Segment> fetched) throws IOException {
        List<Segment> found = new ArrayList<>();
        String damaged = ArchiveKeys.whole(e.key);
        if (acknowledged.contains(damaged) && !lost.contains(damaged)) {
            for (Segment segment : fetched) {
                boolean isKnown = segment.key().equals(damaged);
                if (isKnown || (acknowledged.contains(segment.key()) && isMissing(segment))) {
                    found.add(segment);
                }
            }
        }
        return found;
    }

    private boolean isMissing(Segment segment) throws IOException {
        for (String key : segment.objectKeys()) {
            if (retries.call(() -> store.head(key)).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    void add(Segment segment) {
        lost.add(segment.key());
    }

    /** Returns a proof in which the lost segments are gaps. */
    Proof without(Proof proof) {
        List<Segment> segments = new ArrayList<>();
        List<LostRange> gaps = new ArrayList<>(proof.gaps());
        for (Segment segment : proof.segments()) {
            if (lost.contains(segment.key())) {
                gaps.add(new LostRange(
                        segment.firstSequence(),
                        segment.lastSequence(),
                        store.describe() + "/" + segment.key(),
                        -1,
                        REASON));
            } else {
                segments.add(segment);
            }
        }
        if (segments.size() == proof.segments().size()) {
            return proof;
        }
        gaps.sort(Comparator.comparingLong(LostRange::firstSequence));
        return new Proof(
                proof.identity(),
                proof.tip(),
                proof.archived(),
                segments,
                proof.tails(),
                proof.attachments(),
                gaps,
                proof.slots(),
                proof.strayCount(),
                proof.strays(),
                proof.unusedFrom());
    }
}
