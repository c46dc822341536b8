package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.ArchiveCareException;
import io.veloz.wal.archive.ArchiveCareException.Reason;
import io.veloz.wal.archive.internal.care.CareChain.Damaged;
import io.veloz.wal.archive.internal.care.CareChain.Tip;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Cut;
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
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Continues the care records after a damaged last one, by command of an operator. Without it no step can be put any more. Only
 * the damaged record stated what it did, so the next one assumes the worst:
 *
 * <table>
 * <caption>What the damaged record may have been</caption>
 * <tr><th>kind</th><th>then</th></tr>
 * <tr><td>DELETE, some of whose objects are deleted</td><td>objects between the floor and the open plan are missing: the next
 * record is a DELETE up to that plan</td></tr>
 * <tr><td>DELETE, nothing deleted yet; HOLD</td><td>the plan is closed, and a hold keeps everything that is not retired, until
 * the operator releases it. A janitor that has read the DELETE must not run any more</td></tr>
 * <tr><td>VERIFIED that has found damage</td><td>all marks end, so retention requires another verification</td></tr>
 * <tr><td>PLAN, DONE, RELEASE</td><td>the step is made again</td></tr>
 * </table>
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
    private @Nullable Proof proof;

    public DamagedRecord(ObjectStore store, Retries retries, LogIdentity identity, Clock clock, String host) {
        this.store = store;
        this.retries = retries;
        this.identity = identity;
        this.clock = clock;
        this.host = host;
        this.writer = new CareWriter(store, retries, identity, clock, host);
    }

    /**
     * Puts the record after a damaged last one.
     *
     * @param number of the damaged record, as the operator has seen it
     * @throws ArchiveCareException if that is not the last record, or it is not damaged, or a hold contradicts a DELETE
     */
    public CareRecord skip(long number) throws IOException {
        Damaged damaged = writer.chain()
                .damagedTip()
                .filter(found -> found.tip().number() == number)
                .orElseThrow(() -> new ArchiveCareException(
                        Reason.NOT_DAMAGED,
                        store.describe() + ": care record " + number + " is not the last one, or it can be read"));
        Tip tip = damaged.tip();
        CareState before = tip.state();
        Optional<CareRecord> put = isBegunDelete(before)
                ? writer.putAfter(tip, Kind.DELETE, deleted(tip))
                : writer.putAfter(tip, Kind.HOLD, held(tip));
        return put.orElseThrow(() -> new IOException(
                store.describe() + ": another process put care record " + (number + 1) + " meanwhile; run it again"));
    }

    private boolean isBegunDelete(CareState before) throws IOException {
        Plan plan = before.plan();
        if (plan == null || before.delete() > 0) {
            return false;
        }
        Proof proven = proof();
        for (String key : Removable.missing(before.floor().cut(), proven, Map.of())) {
            if (plan.cut().isAbove(key) && retries.call(() -> store.head(key)).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private Proof proof() throws IOException {
        Proof known = proof;
        if (known == null) {
            known = new Prover(new ShipLog(store), identity, retries, PARALLELISM, slots -> {}).prove(Long.MAX_VALUE);
            proof = known;
        }
        return known;
    }

    private CareState deleted(Tip tip) throws IOException {
        CareState before = tip.state();
        Cut cut = Objects.requireNonNull(before.plan()).cut();
        if (cut.sequence() > before.heldFrom()) {
            throw new ArchiveCareException(
                    Reason.MISSING_OBJECT,
                    store.describe() + ": objects before record " + cut.sequence()
                            + " are missing, and a hold keeps the records from " + before.heldFrom()
                            + " on; put them back from a version or a copy");
        }
        return before.deleted(Removable.floor(tip.number() + 1, cut, proof()));
    }

    private CareState held(Tip tip) {
        CareState before = tip.state();
        boolean isDeleting = before.delete() > 0;
        TreeMap<Long, Hold> holds = new TreeMap<>(before.holds());
        String reason = "care record " + tip.number() + " is damaged, and may have been a hold";
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
