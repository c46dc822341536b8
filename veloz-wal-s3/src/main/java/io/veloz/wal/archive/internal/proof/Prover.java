package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.ChainState.Totals;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.shiplog.ChainIdentity;
import io.veloz.wal.archive.internal.shiplog.LostSlots;
import io.veloz.wal.archive.internal.shiplog.LostSlots.BeforeEpoch;
import io.veloz.wal.archive.internal.shiplog.LostSlots.Evidence;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.internal.shiplog.Witnesses;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Proves that an archive is complete: reads all slots in parallel, then follows the chain back from the tip in memory. It
 * belongs to one thread.
 *
 * <p>Memory: some 500 bytes for each kept slot, and for each tail whose segment is not archived yet.
 */
public final class Prover {
    private static final int STRAYS_NAMED = 100;

    private final ShipLog log;
    private final LogIdentity identity;
    private final Retries retries;
    private final int parallelism;
    private final LongConsumer progress;
    private SlotIndex found;
    private final Map<String, Long> objects = new HashMap<>();

    /** Segments that a GAP skips: first (inclusive), last (exclusive). */
    private final List<long[]> skipped = new ArrayList<>();

    private long nextSegment;

    /** Objects that later slots have replaced. */
    private List<String> replaced = List.of();

    private Map<String, Long> restated = Map.of();

    /** The kept slots of the last proof, oldest first. */
    private List<SlotSummary> keptSlots = List.of();

    /** Why that proof was not made through the summaries; null if it was, or if there are none. */
    private @Nullable Exception fallback;

    public Prover(ShipLog log, LogIdentity identity, Retries retries, int parallelism, LongConsumer progress) {
        this.log = log;
        this.identity = identity;
        this.nextSegment = identity.firstSegment();
        this.retries = retries;
        this.parallelism = parallelism;
        this.progress = progress;
        this.found = new SlotIndex(log, identity, retries, parallelism, progress);
    }

    /**
     * Proves the archive up to a record, and further up to the first damage.
     *
     * @throws BrokenProofException if a required object is damaged or missing, or if later slots were lost
     * @throws WalRestoreException if {@code log.json} differs from its copy in the slots
     */
    public Proof prove(long untilSequence) throws IOException {
        // Order matters: see LostSlots.
        listObjects();
        @Nullable Proof summarized = summarized(untilSequence);
        if (summarized != null) {
            return summarized;
        }
        found = new SlotIndex(log, identity, retries, parallelism, progress);
        found.readAll();
        long from = found.highest();
        @Nullable BrokenProofException broken = null;
        while (true) {
            try {
                Proof proof = from == 0 ? emptyProof() : prove(from, broken == null ? -1 : from + 1);
                if (broken == null && untilSequence > proof.archived().sequence()) {
                    checkLost(proof);
                }
                return proof;
            } catch (BrokenProofException e) {
                broken = broken == null ? e : broken;
                @Nullable SlotSummary before = lastBefore(e.slot());
                if (untilSequence == Long.MAX_VALUE || before == null || before.archived.sequence() < untilSequence) {
                    throw broken;
                }
                from = before.number;
            }
        }
    }

    /**
     * Returns the proof through the summaries. Returns null if the archive has none, or if an object is missing or damaged.
     * Then all slots are read, which finds the damage, or proves the archive without the summaries. In the second case
     * {@link Originals#checkUnused} reports the damage.
     */
    private @Nullable Proof summarized(long untilSequence) throws IOException {
        try {
            long last = found.findLast();
            @Nullable Kept kept = last == 0 ? null : kept(last);
            // The first slots of an archive that began in format 1 have no summary. It has no totals either.
            if (kept == null || !kept.hasSummary() || kept.slot.chainState().totals() == null) {
                return null;
            }
            KeptChain chain = new KeptChain(log, identity, retries, parallelism, progress);
            List<SlotSummary> slots = chain.upTo(kept.slot, kept.ref);
            readTails(slots, last);
            Proof proof = prove(last, slots, -1, chain.read());
            keptSlots = slots;
            if (untilSequence > proof.archived().sequence()) {
                checkLost(proof);
            }
            return proof;
        } catch (BrokenProofException | BadObjectException | UnknownArchiveFormatException e) {
            fallback = e;
            return null;
        }
    }

    /** The last kept slot, of format 2. */
    private record Kept(Slot tip, Slot slot, SlotRef ref) {
        boolean hasSummary() {
            return slot.chainState().summary().number() > 0;
        }
    }

    private @Nullable Kept kept(long last) throws IOException {
        SlotSummary summary = require(last, -1);
        Slot tip = found.slot(last);
        SlotRef ref = summary.isDroppable() ? summary.kept() : summary.ref();
        if (ref.number() == 0) {
            return null;
        }
        Slot slot = tip.isKept() ? tip : retries.call(() -> log.kept(ref));
        return slot.chain() == null ? null : new Kept(tip, slot, ref);
    }

    /** Reads the slots after the last one that commits a segment, in parallel. */
    private void readTails(List<SlotSummary> kept, long last) throws IOException {
        long after = 0;
        for (SlotSummary slot : kept) {
            after = slot.part instanceof Segment || slot.part instanceof Gap ? slot.number : after;
        }
        found.readRange(after + 1, lastTail(last));
    }

    /** Returns the last slot that a tail may have: not the BEATs at the end, which may be many if they are not deleted. */
    private long lastTail(long last) throws IOException {
        return require(last, -1).part instanceof Beat beat ? beat.after().number() : last;
    }

    /**
     * The state of an archive as its last slots state it, without the slots before them. Immutable.
     *
     * @param totals of the archive
     * @param checkpointSequence of the newest checkpoint; 0 if there is none
     * @param lastTimestampNanos the latest timestamp in the last segment
     * @param slots the number of slots that were read
     */
    public record Latest(
            LogIdentity identity,
            Slot tip,
            Totals totals,
            long checkpointSequence,
            long lastTimestampNanos,
            List<TailSlot> tails,
            long slots) {}

    /**
     * Reads the last slots. The number of requests does not grow with the archive. Returns an empty result if only a proof
     * can state the figures: if the archive has no summary, has gaps or began in format 1, or if an object is missing or damaged.
     */
    public Optional<Latest> latest() throws IOException {
        try {
            long last = found.findLast();
            @Nullable Kept kept = last == 0 ? null : kept(last);
            if (kept == null || !kept.hasSummary()) {
                return Optional.empty();
            }
            @Nullable Totals totals = kept.slot.chainState().totals();
            BeforeEpoch lost = new BeforeEpoch(log, identity);
            boolean complete = retries.call(() -> lost.against(kept.tip)).isEmpty()
                    && !lost.needsRecheck()
                    && ended(kept.tip).isEmpty();
            if (totals == null || totals.gaps() > 0 || !complete) {
                return Optional.empty();
            }
            Slot segment = retries.call(() -> lastSegment(kept.slot));
            found.readRange(segment.number() + 1, lastTail(last));
            Segment committed = (Segment) segment.part();
            List<SlotSummary> tails = tails(require(last, -1), committed.number() + 1, Long.MAX_VALUE);
            long checkpoint = kept.slot.part() instanceof Attachment a
                    ? a.sequence()
                    : kept.slot.chainState().checkpointSequence();
            return Optional.of(new Latest(
                    identity,
                    kept.tip,
                    totals,
                    checkpoint,
                    committed.maxTimestampNanos(),
                    joined(tails),
                    found.read()));
        } catch (BrokenProofException | BadObjectException | UnknownArchiveFormatException e) {
            return Optional.empty();
        }
    }

    private Slot lastSegment(Slot kept) throws IOException {
        @Nullable Slot slot = kept;
        while (slot != null && !(slot.part() instanceof Segment)) {
            slot = ChainIdentity.keptBefore(log, slot);
        }
        if (slot == null) {
            throw new BadObjectException(log.store().describe() + ": no slot commits a segment");
        }
        return slot;
    }

    /** Returns whether a slot is one of the kept slots of the last proof. */
    public boolean hasKept(SlotRef ref) {
        return keptSlots.stream()
                .anyMatch(slot -> slot.number == ref.number() && slot.sha256().equals(ref.sha256()));
    }

    /** Returns the kept slots of the last proof, and the summaries that repeat them. */
    public Originals originals() {
        return new Originals(log, retries, parallelism, keptSlots, fallback);
    }

    /** Returns the slots of the last proof that state a segment again, by the key of its object. */
    public Map<String, Long> restated() {
        return restated;
    }

    /** Returns the sizes of all segment and attachment objects by key, listed before the slots were read. */
    public Map<String, Long> objects() {
        return objects;
    }

    private void listObjects() throws IOException {
        for (String prefix : List.of(ArchiveKeys.SEGMENTS, ArchiveKeys.ATTACHMENTS)) {
            String after = "";
            while (true) {
                String from = after;
                for (StoredObject object : retries.call(() -> log.store().list(prefix, from))) {
                    objects.put(object.key(), object.bytes());
                    after = object.key().compareTo(after) > 0 ? object.key() : after;
                }
                if (after.equals(from)) {
                    break;
                }
            }
        }
    }

    /** Returns the evidence in the records of writers that ended on purpose. */
    private Optional<Evidence> ended(@Nullable Slot tip) throws IOException {
        long number = tip == null ? 0 : tip.number();
        long epoch = tip == null ? 0 : tip.epoch();
        return retries.call(() -> Witnesses.lostAfter(log, identity, number, epoch));
    }

    private void checkLost(Proof proof) throws IOException {
        @Nullable Slot tip = proof.tip();
        Optional<Evidence> ended = ended(tip);
        LostSlots lost = new LostSlots(tip == null ? 0 : tip.epoch(), nextSegment);
        proof.segments().forEach(segment -> segment.objectKeys().forEach(lost::named));
        proof.attachments().forEach(attachment -> lost.named(attachment.key()));
        replaced.forEach(lost::named);
        skipped.forEach(range -> lost.skipped(range[0], range[1]));
        @Nullable
        Evidence evidence =
                lost.among(new TreeMap<>(objects).keySet()).or(() -> ended).orElse(null);
        if (evidence != null) {
            throw new BrokenProofException(
                    evidence.key(),
                    found.highest() + 1,
                    proof.archived().sequence() + 1,
                    false,
                    log.store().describe() + "/" + evidence.key() + ": " + evidence.reason(),
                    null);
        }
    }

    private @Nullable SlotSummary lastBefore(long number) {
        @Nullable SlotSummary last = null;
        for (SlotSummary slot : found.slots()) {
            last = slot.number < number ? slot : last;
        }
        return last;
    }

    private Proof emptyProof() {
        return new Proof(
                identity, null, Archived.NOTHING, List.of(), List.of(), List.of(), List.of(), 0, 0, List.of(), -1);
    }

    private Proof prove(long from, long unusedFrom) throws IOException {
        keptSlots = keptChain(require(from, -1));
        return prove(from, keptSlots, unusedFrom, 0);
    }

    /** @param readBefore the number of slots that were read for the kept chain */
    private Proof prove(long from, List<SlotSummary> kept, long unusedFrom, long readBefore) throws IOException {
        SlotSummary tip = require(from, -1);
        ChainContent content = new ChainContent(log.store().describe(), identity);
        List<SlotSummary> tails = new ArrayList<>();
        skipped.clear();
        for (SlotSummary slot : kept) {
            if (slot.part instanceof Gap gap) {
                if (mayFollowTails(slot, gap, content)) {
                    SlotSummary before = require(slot.number - 1, slot.number);
                    checkPrevious(slot, before);
                    add(tails(before, content.nextSegment(), gap.nextSegment()), content, tails);
                }
                skipped.add(new long[] {content.nextSegment(), gap.nextSegment()});
            }
            content.add(slot);
        }
        nextSegment = content.nextSegment();
        replaced = content.replaced();
        restated = content.restated();
        add(tails(tip, nextSegment, Long.MAX_VALUE), content, tails);
        List<TailSlot> joined = joined(tails);
        content.checkEnd(tip);
        Slot slot = found.slot(from);
        List<Long> strays = strays(kept, tails, from, content.nextSegment());
        return new Proof(
                identity,
                slot,
                tip.archived,
                content.segments(),
                joined,
                content.attachments(),
                content.gaps(),
                found.read() + readBefore,
                strays.size(),
                List.copyOf(strays.subList(0, Math.min(STRAYS_NAMED, strays.size()))),
                unusedFrom);
    }

    /**
     * Returns whether there may be tails of the segments that a GAP skips. If it begins with the record after the last committed
     * one, and the archive did not end in any of them, there are none with a record. Then the slot before it may be missing:
     * earlier versions deleted a BEAT there.
     */
    private static boolean mayFollowTails(SlotSummary slot, Gap gap, ChainContent content) {
        Archived after = slot.archived;
        boolean endsInTails = after.segment() >= content.nextSegment() && after.position() > 0;
        return endsInTails || gap.firstSequence() > content.nextSequence();
    }

    private static List<TailSlot> joined(List<SlotSummary> tails) {
        return tails.stream()
                .map(slot -> new TailSlot(slot.number, slot.sha256(), (Tail) slot.part))
                .toList();
    }

    private static void add(List<SlotSummary> tails, ChainContent content, List<SlotSummary> all)
            throws BrokenProofException {
        for (SlotSummary slot : tails) {
            content.addTail(slot);
            all.add(slot);
        }
    }

    /** Returns the kept slots from slot 1 to the tip. */
    private List<SlotSummary> keptChain(SlotSummary tip) throws IOException {
        List<SlotSummary> chain = new ArrayList<>();
        SlotSummary slot = tip;
        if (!tip.isDroppable()) {
            chain.add(tip);
        }
        while (slot.keptNumber > 0) {
            SlotSummary kept = require(slot.keptNumber, slot.number);
            if (!slot.isKept(kept) || kept.isDroppable() || kept.number >= slot.number) {
                throw broken(kept.number, "it is not the slot that slot " + slot.number + " references", null);
            }
            chain.add(kept);
            slot = kept;
        }
        if (slot.number != 1 || !slot.isFirst()) {
            throw broken(slot.number, "it is the first kept slot, expected slot 1", null);
        }
        Collections.reverse(chain);
        return chain;
    }

    /**
     * Returns the tails from {@code segment}, the first one that is not archived, up to {@code before}. They are the slots
     * directly before {@code tip}, which is the tip, or was the tip before a gap.
     */
    private List<SlotSummary> tails(SlotSummary tip, long segment, long before) throws IOException {
        List<SlotSummary> tails = new ArrayList<>();
        Archived end = tip.archived;
        if (segment >= before || end.segment() < segment || (end.segment() == segment && end.position() == 0)) {
            return tails;
        }
        SlotSummary slot = tip;
        while (true) {
            if (slot.part instanceof Tail tail && tail.segment() >= segment) {
                if (tail.segment() < before) {
                    tails.add(slot);
                }
                if (tail.segment() == segment && tail.position() == 0) {
                    break;
                }
            }
            if (slot.number == 1) {
                throw broken(1, "no earlier tail has the start of segment " + segment, null);
            }
            slot = before(slot);
        }
        Collections.reverse(tails);
        return tails;
    }

    /** Returns the slot before another one, without the BEATs in between: the earlier ones may have been deleted. */
    private SlotSummary before(SlotSummary slot) throws IOException {
        if (slot.part instanceof Beat beat) {
            SlotSummary after = require(beat.after().number(), slot.number);
            if (!after.ref().equals(beat.after())) {
                throw broken(after.number, "it is not the slot that slot " + slot.number + " references", null);
            }
            return after;
        }
        SlotSummary previous = require(slot.number - 1, slot.number);
        checkPrevious(slot, previous);
        return previous;
    }

    private void checkPrevious(SlotSummary slot, SlotSummary previous) throws BrokenProofException {
        if (!slot.isPrevious(previous)) {
            throw broken(previous.number, "it is not the slot that slot " + slot.number + " references", null);
        }
    }

    private List<Long> strays(List<SlotSummary> kept, List<SlotSummary> tails, long tip, long segment) {
        Set<Long> used = new HashSet<>();
        kept.forEach(slot -> used.add(slot.number));
        tails.forEach(slot -> used.add(slot.number));
        List<Long> strays = new ArrayList<>();
        for (SlotSummary slot : found.slots()) {
            boolean covered = slot.part instanceof Beat || (slot.part instanceof Tail tail && tail.segment() < segment);
            if (slot.number <= tip && !used.contains(slot.number) && !covered) {
                strays.add(slot.number);
            }
        }
        return strays;
    }

    private SlotSummary require(long number, long by) throws IOException {
        @Nullable SlotSummary slot = found.find(number);
        if (slot != null && !slot.isOfThisLog) {
            throw otherLog(number);
        }
        if (slot == null) {
            @Nullable Exception bad = found.damage(number);
            String missing = by < 0 ? "it is listed and missing" : "it is missing, and slot " + by + " follows it";
            String unknown = "it was written by a newer version";
            String damaged = bad instanceof UnknownArchiveFormatException ? unknown : "it is damaged";
            String why = bad == null ? missing : damaged;
            throw broken(number, why, bad);
        }
        return slot;
    }

    private WalRestoreException otherLog(long number) throws IOException {
        Slot slot = found.slot(number);
        String why = retries.call(() -> ChainIdentity.mismatch(log, identity, slot))
                .orElse("slot " + number + " does not belong to the log in log.json");
        return new WalRestoreException(
                WalRestoreException.Reason.OTHER_LOG,
                ArchiveKeys.LOG,
                -1,
                -1,
                why + "; put log.json back as it is in the EPOCH slots, from a version or a copy",
                null);
    }

    private BrokenProofException broken(long slot, String why, @Nullable Exception cause) {
        @Nullable SlotSummary before = lastBefore(slot);
        String key = ArchiveKeys.slot(slot);
        String detail = cause == null ? "" : " (" + cause.getMessage() + ")";
        return new BrokenProofException(
                key,
                slot,
                before == null ? -1 : before.archived.sequence() + 1,
                cause instanceof UnknownArchiveFormatException,
                log.store().describe() + "/" + key + ": " + why + detail,
                cause);
    }
}
