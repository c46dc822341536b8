package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Gap;
import io.veloz.wal.archive.internal.format.CareState.Mark;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Records how far each level of the verification has come. Confined to one thread. */
public final class Marks {
    /** The level of a verification that has replayed the records. */
    public static final String REPLAY = "replay";

    /** The levels from the lowest on. Each includes those before it. */
    private static final List<String> LEVELS = List.of("chain", "presence", Janitor.CONTENT, REPLAY);

    private final CareWriter writer;

    public Marks(CareWriter writer) {
        this.writer = writer;
    }

    /**
     * The result of a verification.
     *
     * @param level {@code chain}, {@code presence}, {@code content} or {@code replay}: the one that was reached, or the lowest
     *     that has found damage
     * @param after the number of the last care record when it began
     */
    public record Result(String level, boolean isSound, long after, Instant begun, Instant ended) {}

    /**
     * Puts a VERIFIED. A sound result extends or replaces the marks of its level and of those below. Any other removes the marks
     * of its level and of those above, so that retention deletes nothing until a verification is sound. A sound result sets no mark if
     * another verification has found damage since it began.
     *
     * @param proof what was verified, without retired segments; null if damage prevented it
     * @param basis the marks of the levels that were verified only from these marks on
     * @param replayed the last checkpoint that was compared with the replayed records; 0 if none was
     * @param intact the acknowledged ranges whose objects were all read and are intact. A sound result withdraws the
     *     acknowledgement, which would hide a later loss
     * @return the record; empty if the archive has no segment, so that there is nothing to record
     */
    public Optional<CareRecord> record(
            Result result, @Nullable Proof proof, Map<String, Mark> basis, long replayed, Set<Gap> intact)
            throws IOException {
        if (result.isSound && (proof == null || proof.segments().isEmpty())) {
            return Optional.empty();
        }
        return Optional.of(writer.put(Kind.VERIFIED, care -> {
            CareState state = care.state();
            int reached = LEVELS.indexOf(result.level);
            if (result.isSound && state.damaged() > result.after) {
                return state;
            }
            if (result.isSound) {
                state = state.withdrawing(intact);
            }
            for (int each = 0; each < LEVELS.size(); each++) {
                String level = LEVELS.get(each);
                if (!result.isSound && each >= reached) {
                    state = state.unverified(care.number() + 1, level);
                } else if (result.isSound && proof != null && each <= reached) {
                    long checkpoint = level.equals(REPLAY) ? replayed : newestCheckpoint(proof);
                    state = marked(state, level, fresh(proof, result, checkpoint), basis.get(level));
                }
            }
            return state;
        }));
    }

    private static long newestCheckpoint(Proof proof) {
        return proof.attachments().stream()
                .filter(attachment -> attachment.name().equals("checkpoint"))
                .mapToLong(Attachment::sequence)
                .max()
                .orElse(0);
    }

    private static Mark fresh(Proof proof, Result result, long checkpoint) {
        Segment last = proof.segments().get(proof.segments().size() - 1);
        @Nullable Slot tip = proof.tip();
        return new Mark(
                proof.segments().get(0).number(),
                new Cut(last.number(), last.lastSequence()),
                checkpoint,
                result.begun,
                result.ended.truncatedTo(ChronoUnit.MILLIS),
                tip == null ? 0 : tip.number());
    }

    private static CareState marked(CareState state, String level, Mark fresh, @Nullable Mark basis) {
        @Nullable Mark before = state.verified().get(level);
        if (basis != null && before == null) {
            // Another verification has found damage since, perhaps in the part that this one has not read.
            return state;
        }
        if (before != null && before.last().segment() > fresh.last().segment()) {
            // Another verification was faster, and has read more.
            return state;
        }
        return state.verified(
                level,
                basis == null
                        ? fresh
                        : new Mark(
                                basis.firstSegment(),
                                fresh.last(),
                                fresh.checkpoint(),
                                basis.since(),
                                fresh.checked(),
                                fresh.slot()));
    }
}
