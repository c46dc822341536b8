package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.ArchiveRetentionOptions;
import io.veloz.wal.archive.ArchiveRetentionReport.Limit;
import io.veloz.wal.archive.RetentionNeeds.Need;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Mark;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.proof.Proof;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Computes how far an archive may be retired. Immutable.
 *
 * <p>Each limit is the first record that something keeps: age, count, a verified chain, a hold, a need. The cut is not the
 * smallest limit itself but the segment after the newest checkpoint before it that was verified by content. So every record
 * from the limit on can be restored, to any point in time, from a checkpoint and segments that stay.
 *
 * @param cut the first segment that stays; null if nothing may go
 * @param limits the narrowest first
 */
record RetentionTarget(@Nullable Cut cut, List<Limit> limits) {
    static RetentionTarget of(
            Proof proof,
            CareState state,
            List<Need> needs,
            ArchiveRetentionOptions options,
            Mark content,
            Instant now) {
        List<Limit> limits = new ArrayList<>();
        limits.add(age(proof, options, now));
        limits.add(count(proof, options));
        state.holds()
                .forEach((record, hold) ->
                        limits.add(new Limit("hold " + record + " (" + hold.reason() + ")", hold.sequence())));
        // A need below the floor is lost already, and must not keep what is above the floor.
        needs.stream()
                .filter(need -> need.firstSequence() >= state.floor().cut().sequence())
                .forEach(need -> limits.add(new Limit(need.what(), need.firstSequence())));
        limits.sort(Comparator.comparingLong(Limit::firstSequence));
        long limit = limits.get(0).firstSequence();
        @Nullable
        Cut cut = checkpointBefore(proof, limit, content)
                .flatMap(sequence -> segmentAfter(proof, sequence, content))
                .filter(found -> found.segment() > state.floor().cut().segment())
                .filter(found -> found.segment() > proof.identity().firstSegment())
                .orElse(null);
        return new RetentionTarget(cut, limits);
    }

    /**
     * Ages end with the last records, not with the clock of the janitor: a log that is not written is not emptied, even if its
     * shipper is restarted, and a janitor whose clock is ahead retires nothing too early.
     */
    private static Limit age(Proof proof, ArchiveRetentionOptions options, Instant now) {
        Instant last = lastRecords(proof).orElse(now);
        Instant from = (last.isBefore(now) ? last : now).minus(options.keepFor());
        // A time before 1678 is before all records.
        long nanos = from.getEpochSecond() < Long.MIN_VALUE / 1_000_000_000L
                ? Long.MIN_VALUE
                : from.getEpochSecond() * 1_000_000_000L + from.getNano();
        String what = "age: " + text(options) + ", records from " + from + " on";
        return proof.segments().stream()
                .filter(segment -> segment.maxTimestampNanos() >= nanos)
                .findFirst()
                .map(segment -> new Limit(what, segment.firstSequence()))
                .orElseGet(() -> new Limit(what, proof.archived().sequence() + 1));
    }

    /** Returns when the last slot was written if it has records; else the latest timestamp in the segments. */
    private static Optional<Instant> lastRecords(Proof proof) {
        @Nullable Slot tip = proof.tip();
        if (tip != null && tip.part() instanceof Tail tail && tail.lastSequence() >= tail.firstSequence()) {
            return Optional.of(tip.written());
        }
        return proof.segments().stream()
                .map(Segment::maxTimestampNanos)
                .max(Comparator.naturalOrder())
                .map(nanos -> Instant.ofEpochSecond(0, nanos));
    }

    private static String text(ArchiveRetentionOptions options) {
        long hours = options.keepFor().toHours();
        return hours % 24 == 0 ? hours / 24 + " days" : options.keepFor().toString();
    }

    private static Limit count(Proof proof, ArchiveRetentionOptions options) {
        List<Segment> segments = proof.segments();
        String what = "count: " + options.keepSegments() + " segments";
        if (segments.size() <= options.keepSegments()) {
            return new Limit(what, proof.identity().firstSequence());
        }
        return new Limit(
                what,
                segments.get((int) (segments.size() - options.keepSegments())).firstSequence());
    }

    private static Optional<Long> checkpointBefore(Proof proof, long limit, Mark content) {
        return proof.attachments().stream()
                .filter(attachment -> attachment.name().equals("checkpoint"))
                .map(Attachment::sequence)
                .filter(sequence -> sequence < limit && sequence <= content.checkpoint())
                .max(Comparator.naturalOrder());
    }

    /** Returns the last segment that may have the record after a checkpoint, or an earlier one; it must be verified. */
    private static Optional<Cut> segmentAfter(Proof proof, long checkpoint, Mark content) {
        @Nullable Segment last = null;
        for (Segment segment : proof.segments()) {
            boolean isBefore = segment.firstSequence() <= checkpoint + 1;
            last = isBefore && segment.number() <= content.last().segment() ? segment : last;
        }
        return Optional.ofNullable(last)
                .filter(segment -> segment.number() >= content.firstSegment())
                .map(segment -> new Cut(segment.number(), segment.firstSequence()));
    }
}
