package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.FillState;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of an archive that a restore begins with, and the segments before it that can be filled in later. Immutable.
 *
 * @param proof as if the archive began with the first segment that is restored
 * @param left the segments before, oldest first, without a gap up to that one
 */
record CheckpointBegin(Proof proof, List<Segment> left) {
    /** Begins with the first segment of the archive. */
    static CheckpointBegin all(Proof whole) {
        return new CheckpointBegin(whole, List.of());
    }

    /** Begins with the newest checkpoint, whether it is damaged or not; with the first segment if there is none. */
    static CheckpointBegin newest(Proof whole) {
        return Checkpoints.upTo(whole, Long.MAX_VALUE).stream()
                .findFirst()
                .map(checkpoint -> at(whole, checkpoint))
                .orElseGet(() -> all(whole));
    }

    /**
     * Begins with the segment that contains the first record after a checkpoint. If there is no later record, it is the last
     * segment with records: the next batch of the log states the segment that it follows, and a log without a record could not.
     *
     * <p>Tails that no segment replaces yet are all restored: a segment of which the archive has only tails cannot be filled in
     * later, and a shipper of the log would have to declare a gap, as it could not upload that segment any more.
     */
    static CheckpointBegin at(Proof whole, Attachment checkpoint) {
        Cut cut = withTailsBefore(whole, cut(whole, checkpoint.sequence() + 1));
        return cut.segment() <= whole.identity().firstSegment()
                ? all(whole)
                : new CheckpointBegin(whole.from(cut), left(whole, cut));
    }

    private static Cut cut(Proof whole, long sequence) {
        Cut cut = new Cut(0, 0);
        for (Segment segment : whole.segments()) {
            cut = new Cut(segment.number(), segment.firstSequence());
            if (segment.lastSequence() >= sequence) {
                return cut;
            }
        }
        for (List<TailSlot> tails : RestoreSelection.bySegment(whole.tails())) {
            Tail first = tails.get(0).tail();
            long last = tails.get(tails.size() - 1).tail().lastSequence();
            if (last >= first.firstSequence()) {
                cut = new Cut(first.segment(), first.firstSequence());
            }
            if (last >= sequence) {
                return cut;
            }
        }
        return cut;
    }

    private static Cut withTailsBefore(Proof whole, Cut from) {
        Cut cut = from;
        List<List<TailSlot>> tails = RestoreSelection.bySegment(whole.tails());
        for (int i = tails.size() - 1; i >= 0; i--) {
            Tail first = tails.get(i).get(0).tail();
            Tail last = tails.get(i).get(tails.get(i).size() - 1).tail();
            if (last.segment() == cut.segment() - 1 && last.lastSequence() == cut.sequence() - 1) {
                cut = new Cut(first.segment(), first.firstSequence());
            }
        }
        return cut;
    }

    private static List<Segment> left(Proof whole, Cut cut) {
        List<Segment> left = new ArrayList<>();
        long number = cut.segment();
        long sequence = cut.sequence();
        List<Segment> all = whole.segments();
        for (int i = all.size() - 1; i >= 0; i--) {
            Segment segment = all.get(i);
            if (segment.number() == number - 1 && segment.lastSequence() == sequence - 1) {
                left.add(0, segment);
                number = segment.number();
                sequence = segment.firstSequence();
            }
        }
        return List.copyOf(left);
    }

    /** Returns the content of the file that states what may be filled in. */
    FillState fill(String archive) {
        Segment first = left.get(0);
        return new FillState(
                proof.identity().logId(),
                proof.identity().origin(),
                archive,
                first.number(),
                first.firstSequence(),
                proof.identity().firstSegment(),
                proof.identity().firstSequence());
    }
}
