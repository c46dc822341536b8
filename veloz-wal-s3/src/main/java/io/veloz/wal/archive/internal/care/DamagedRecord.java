package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.ArchiveCareException;
import io.veloz.wal.archive.ArchiveCareException.Reason;
import io.veloz.wal.archive.RetentionNeeds;
import io.veloz.wal.archive.internal.care.CareChain.Damaged;
import io.veloz.wal.archive.internal.care.CareChain.Tip;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.CareState.Hold;
import io.veloz.wal.archive.internal.format.CareState.Plan;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Continues the care records after a damaged last one, by command of an operator. Without it no step can be put any more. Only
 * the damaged record stated what it did, so the next one assumes the worst:
 *
 * <table>
 * <caption>What the damaged record may have been</caption>
 * <tr><th>kind</th><th>then</th></tr>
 * <tr><td>DELETE, some of whose segments are deleted</td><td>objects between the floor and the open plan are missing as {@link
 * BegunDelete} describes: the next record is a DELETE of the segments of which no object is left, and no others. A hold follows, as
 * below</td></tr>
 * <tr><td>DELETE, no segment deleted yet, or only some of its parts; HOLD</td><td>the plan is closed, and a hold keeps everything that is not retired, until
 * the operator releases it. A janitor that has read the DELETE must not run any more</td></tr>
 * <tr><td>VERIFIED that has found damage</td><td>all marks end, so retention requires another verification</td></tr>
 * <tr><td>PLAN, DONE, RELEASE</td><td>the step is made again</td></tr>
 * </table>
 *
 * <p>If a need or a hold that is known is below the cut of the DELETE, the next record is the hold.
 *
 * <p>Crash after the DELETE, before the hold: all marks have ended, so nothing is retired before another verification. An operator
 * puts the hold, as the command has failed.
 *
 * <p>The next record names the bytes of the damaged one as they are, so {@link CareChain#verify} recognizes it. If the damaged
 * record is put back afterwards, the record after it does not follow it any more, and that is reported.
 */
public final class DamagedRecord {
    private static final int PARALLELISM = 8;

    private final ObjectStore store;
    private final Retries retries;
    private final LogIdentity identity;
    private final Clock clock;
    private final String host;
    private final CareWriter writer;

    public DamagedRecord(ObjectStore store, Retries retries, LogIdentity identity, Clock clock, String host) {
        this.store = store;
        this.retries = retries;
        this.identity = identity;
        this.clock = clock;
        this.host = host;
        this.writer = new CareWriter(store, retries, identity, clock, host);
    }

    /**
     * What was put after the damaged record.
     *
     * @param record the one after it
     * @param hold the one that holds everything that is not retired
     * @param why the reason for its kind
     */
    public record Skipped(CareRecord record, CareRecord hold, String why) {}

    /** The next step. */
    private record Step(@Nullable CareState deleted, String why) {}

    /**
     * Puts the record after a damaged last one.
     *
     * @param number of the damaged record, as the operator has seen it
     * @param needs empty if they are not known
     * @throws ArchiveCareException if that is not the last record, or it is not damaged
     */
    public Skipped skip(long number, Optional<RetentionNeeds> needs) throws IOException {
        Damaged damaged = writer.chain()
                .damagedTip()
                .filter(found -> found.tip().number() == number)
                .orElseThrow(() -> new ArchiveCareException(
                        Reason.NOT_DAMAGED,
                        store.describe() + ": care record " + number + " is not the last one, or it can be read"));
        Tip tip = damaged.tip();
        Step step = step(tip, needs);
        CareState deleted = step.deleted;
        CareRecord put = (deleted == null
                        ? writer.putAfter(tip, Kind.HOLD, held(tip, number))
                        : writer.putAfter(tip, Kind.DELETE, deleted))
                .orElseThrow(() -> new IOException(store.describe() + ": another process put care record "
                        + (number + 1) + " meanwhile; run it again"));
        CareRecord hold = deleted == null ? put : writer.put(Kind.HOLD, last -> held(last, number));
        return new Skipped(put, hold, step.why);
    }

    private Step step(Tip tip, Optional<RetentionNeeds> needs) throws IOException {
        CareState before = tip.state();
        Plan plan = before.plan();
        if (plan == null || before.delete() > 0) {
            return new Step(null, "the record before has no plan that may have been applied");
        }
        Prover prover = new Prover(new ShipLog(store), identity, retries, PARALLELISM, slots -> {});
        Proof proof = prover.prove(Long.MAX_VALUE);
        BegunDelete begun = BegunDelete.of(before, plan.cut(), proof, gone(proof, before, prover.objects()));
        if (begun.missing().isEmpty()) {
            return new Step(null, "no object of the open plan is missing");
        }
        Cut cut = begun.cut();
        if (cut == null) {
            return new Step(
                    null,
                    begun.missing().size() + " objects of the open plan are missing, such as "
                            + begun.missing().get(0)
                            + ", but not as a deletion leaves whole segments: put them back, or acknowledge the loss of the"
                            + " records of their segments");
        }
        String kept = kept(before, cut, needs);
        return kept.isEmpty()
                ? new Step(
                        deleted(before, Removable.floor(tip.number() + 1, cut, proof)),
                        "all objects before record " + cut.sequence() + " are missing, as a deletion leaves them"
                                + partly(begun))
                : new Step(null, "objects before record " + cut.sequence() + " are missing, and " + kept);
    }

    /** Returns what the operator does with a segment that is missing in part; empty if none is. */
    private static String partly(BegunDelete begun) {
        return begun.partly().isEmpty()
                ? ""
                : "; " + begun.partly().size() + " parts of the next segment are missing, too, such as "
                        + begun.partly().get(0)
                        + ", and the others are not deleted: put them back, or acknowledge the loss of its records";
    }

    private Set<String> gone(Proof proof, CareState before, Map<String, Long> objects) throws IOException {
        Set<String> gone = new HashSet<>();
        for (String key : Removable.missing(before.floor().cut(), proof, objects)) {
            if (retries.call(() -> store.head(key)).isEmpty()) {
                gone.add(key);
            }
        }
        return gone;
    }

    /** Returns what keeps records before a cut; empty if nothing does. */
    private String kept(CareState before, Cut cut, Optional<RetentionNeeds> needs) throws IOException {
        if (before.heldFrom() < cut.sequence()) {
            return "a hold keeps the records from " + before.heldFrom() + " on: put them back";
        }
        if (needs.isEmpty()) {
            long points = NumberedObjects.last(store, retries, ArchiveKeys.POINTS);
            return points == 0 ? "" : "the needs of " + points + " recovery points are not known";
        }
        return needs.get().read().stream()
                .filter(need -> need.firstSequence() < cut.sequence()
                        && need.firstSequence() >= before.floor().cut().sequence())
                .findFirst()
                .map(need -> need.what() + " needs the records from " + need.firstSequence() + " on: put them back")
                .orElse("");
    }

    private static CareState deleted(CareState before, Floor floor) {
        CareState deleted = before.deleted(floor);
        return new CareState(
                deleted.floor(),
                deleted.plan(),
                deleted.delete(),
                deleted.holds(),
                new TreeMap<>(),
                deleted.gaps(),
                deleted.damaged());
    }

    private CareState held(Tip tip, long damaged) {
        CareState before = tip.state();
        boolean isDeleting = before.delete() > 0;
        boolean isFull = before.holds().size() >= CareState.MAX_HOLDS;
        TreeMap<Long, Hold> holds = isFull ? new TreeMap<>() : new TreeMap<>(before.holds());
        String reason = "care record " + damaged + " is damaged, and may have been a hold"
                + (isFull ? "; replaces " + before.holds().size() + " holds" : "");
        long first = Math.max(1, before.floor().cut().sequence());
        holds.put(
                tip.number() + 1, new Hold(first, reason, host, clock.instant().truncatedTo(ChronoUnit.MILLIS)));
        return new CareState(
                before.floor(),
                isDeleting ? before.plan() : null,
                before.delete(),
                holds,
                new TreeMap<>(),
                before.gaps(),
                before.damaged());
    }
}
