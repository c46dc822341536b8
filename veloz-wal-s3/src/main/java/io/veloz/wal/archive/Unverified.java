package io.veloz.wal.archive;

import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.care.Janitor;
import io.veloz.wal.archive.internal.care.Marks;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Mark;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The part of an archive that no recorded verification has verified, including the segments that were stated again since. The last segment that it has read is in that part, because
 * the segment after it states its end.
 *
 * <p>A replay begins with the newest checkpoint that an earlier one has compared, and with the segment that contains the record
 * after it. A mark of a replay counts only while the content has a mark too, as older versions remove only that one when they find
 * damage.
 *
 * @param basis the marks of the levels that are verified only from these marks on
 */
record Unverified(Proof part, Map<String, Mark> basis) {

    /**
     * Returns what is to be verified now.
     *
     * @param restated the slots that have stated segments again, by the keys of the objects
     */
    static Unverified of(
            Proof proof, Map<String, Long> restated, CareState state, ArchiveVerifyOptions options, Instant now) {
        @Nullable Mark content = options.isIncremental() ? mark(Janitor.CONTENT, proof, state, options, now) : null;
        if (content == null) {
            return new Unverified(proof, Map.of());
        }
        Set<String> again = restated.entrySet().stream()
                .filter(stated -> stated.getValue() > content.slot())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        if (options.level() == Level.CONTENT) {
            return new Unverified(
                    part(proof, content.last().segment(), again, content.checkpoint() + 1),
                    Map.of(Janitor.CONTENT, content));
        }
        @Nullable Mark replay = mark(Marks.REPLAY, proof, state, options, now);
        // A replay of single segments would lack the records between them.
        if (replay == null || !again.isEmpty() || !hasCheckpoint(proof, replay.checkpoint())) {
            return new Unverified(proof, Map.of());
        }
        long first = proof.segments().stream()
                .filter(segment -> segment.firstSequence() <= replay.checkpoint() + 1)
                .mapToLong(Segment::number)
                .max()
                .orElse(proof.identity().firstSegment());
        long verified = Math.min(content.last().segment(), replay.last().segment());
        return new Unverified(
                part(proof, Math.min(first, verified), again, Math.min(content.checkpoint() + 1, replay.checkpoint())),
                Map.of(Janitor.CONTENT, content, Marks.REPLAY, replay));
    }

    /** Returns the mark of a level; null if it does not cover the archive from its beginning on, or is too old. */
    private static @Nullable Mark mark(
            String level, Proof proof, CareState state, ArchiveVerifyOptions options, Instant now) {
        @Nullable Mark mark = state.verified().get(level);
        boolean counts = mark != null
                && mark.firstSegment() <= proof.identity().firstSegment()
                && !mark.since().plus(options.reverify()).isBefore(now);
        return counts ? mark : null;
    }

    private static boolean hasCheckpoint(Proof proof, long sequence) {
        return proof.attachments().stream()
                .anyMatch(attachment -> attachment.name().equals("checkpoint") && attachment.sequence() == sequence);
    }

    private static Proof part(Proof proof, long firstSegment, Set<String> again, long firstCheckpoint) {
        return Verification.with(
                proof,
                proof.segments().stream()
                        .filter(segment -> segment.number() >= firstSegment || again.contains(segment.key()))
                        .toList(),
                proof.attachments().stream()
                        .filter((Attachment attachment) -> attachment.sequence() >= firstCheckpoint)
                        .toList());
    }
}
