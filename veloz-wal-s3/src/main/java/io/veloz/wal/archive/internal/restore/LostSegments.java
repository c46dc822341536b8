package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.LostRange;
import io.veloz.wal.archive.internal.care.AcknowledgedGaps;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
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

    private final String archive;
    private final Set<String> lost = new HashSet<>();
    private Set<String> acknowledged = Set.of();

    LostSegments(String archive) {
        this.archive = archive;
    }

    /** Takes over what is acknowledged. */
    void proven(Proof proof, CareState state) {
        acknowledged = new AcknowledgedGaps(state).keys(proof.segments(), segment -> true);
    }

    /** Adds a damaged or missing object. Returns false if its loss is not acknowledged. */
    boolean add(DamagedObjectException e) {
        String segment = ArchiveKeys.whole(e.key);
        return acknowledged.contains(segment) && lost.add(segment);
    }

    /** Returns a proof in which the lost segments are gaps. */
    Proof without(Proof proof) {
        List<Segment> segments = new ArrayList<>();
        List<LostRange> gaps = new ArrayList<>(proof.gaps());
        for (Segment segment : proof.segments()) {
            if (lost.contains(segment.key())) {
                gaps.add(new LostRange(
                        segment.firstSequence(), segment.lastSequence(), archive + "/" + segment.key(), -1, REASON));
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
