package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.shiplog.ChainIdentity;
import io.veloz.wal.archive.internal.shiplog.LostSlots;
import io.veloz.wal.archive.internal.shiplog.LostSlots.Evidence;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Proves that an archive is complete: reads all slots, many at a time, then walks back from the tip in memory. It belongs to
 * one thread.
 *
 * <p>Memory: some 500 bytes for each slot that is never deleted, and for each tail that is not in a segment yet.
 */
public final class Prover {
    private static final int STRAYS_NAMED = 100;

    private final ShipLog log;
    private final LogIdentity identity;
    private final Retries retries;
    private final FoundSlots found;
    private final Map<String, Long> objects = new HashMap<>();

    /** Segments that a GAP skips: from, and before. */
    private final List<long[]> skipped = new ArrayList<>();

    private long nextSegment;

    public Prover(ShipLog log, LogIdentity identity, Retries retries, int parallelism, LongConsumer progress) {
        this.log = log;
        this.identity = identity;
        this.nextSegment = identity.firstSegment();
        this.retries = retries;
        this.found = new FoundSlots(log, identity, retries, parallelism, progress);
    }

    /**
     * Returns when everything up to that record is proven; more is, unless it is damaged.
     *
     * @throws BrokenProofException if an object that it takes is damaged or missing, or if slots after that were lost
     * @throws WalRestoreException if {@code log.json} is not the one that the slots repeat
     */
    public Proof prove(long untilSequence) throws IOException {
        // Order matters: see LostSlots.
        listObjects();
        found.readAll();
        long from = found.highest();
        @Nullable BrokenProofException broken = null;
        while (true) {
            try {
                Proof proof = from == 0 ? nothing() : prove(from, broken == null ? -1 : from + 1);
                if (broken == null && untilSequence > proof.archived().sequence()) {
                    checkLost(proof);
                }
                return proof;
            } catch (BrokenProofException e) {
                broken = broken == null ? e : broken;
                @Nullable Entry before = lastBefore(e.slot());
                if (untilSequence == Long.MAX_VALUE || before == null || before.archived.sequence() < untilSequence) {
                    throw broken;
                }
                from = before.number;
            }
        }
    }

    /** The sizes of all objects of segments and attachments by their keys, as they were before the slots were read. */
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

    private void checkLost(Proof proof) throws BrokenProofException {
        @Nullable Slot tip = proof.tip();
        LostSlots lost = new LostSlots(tip == null ? 0 : tip.epoch(), nextSegment);
        proof.segments().forEach(segment -> lost.named(segment.key()));
        proof.attachments().forEach(attachment -> lost.named(attachment.key()));
        skipped.forEach(range -> lost.skipped(range[0], range[1]));
        @Nullable
        Evidence evidence = lost.among(new TreeMap<>(objects).keySet()).orElse(null);
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

    private @Nullable Entry lastBefore(long number) {
        @Nullable Entry last = null;
        for (Entry entry : found.entries()) {
            last = entry.number < number ? entry : last;
        }
        return last;
    }

    private Proof nothing() {
        return new Proof(
                identity, null, Archived.NOTHING, List.of(), List.of(), List.of(), List.of(), 0, 0, List.of(), -1);
    }

    private Proof prove(long from, long unusedFrom) throws IOException {
        Entry tip = need(from, -1);
        List<Entry> kept = keptChain(tip);
        KeptContent content = new KeptContent(log.store().describe(), identity);
        List<Entry> tails = new ArrayList<>();
        skipped.clear();
        for (Entry entry : kept) {
            if (entry.part instanceof Gap gap) {
                Entry before = need(entry.number - 1, entry.number);
                checkPrevious(entry, before);
                add(tails(before, content, gap.nextSegment()), content, tails);
                skipped.add(new long[] {content.nextSegment(), gap.nextSegment()});
            }
            content.add(entry);
        }
        nextSegment = content.nextSegment();
        add(tails(tip, content, Long.MAX_VALUE), content, tails);
        List<TailSlot> joined = tails.stream()
                .map(entry -> new TailSlot(entry.number, entry.sha256(), (Tail) entry.part))
                .toList();
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
                found.read(),
                strays.size(),
                List.copyOf(strays.subList(0, Math.min(STRAYS_NAMED, strays.size()))),
                unusedFrom);
    }

    private static void add(List<Entry> tails, KeptContent content, List<Entry> all) throws BrokenProofException {
        for (Entry entry : tails) {
            content.addTail(entry);
            all.add(entry);
        }
    }

    /** From slot 1 on. */
    private List<Entry> keptChain(Entry tip) throws IOException {
        List<Entry> chain = new ArrayList<>();
        Entry entry = tip;
        if (!tip.isTail()) {
            chain.add(tip);
        }
        while (entry.keptNumber > 0) {
            Entry kept = need(entry.keptNumber, entry.number);
            if (!entry.isKept(kept) || kept.isTail() || kept.number >= entry.number) {
                throw broken(kept.number, "it is not the slot that slot " + entry.number + " names", null);
            }
            chain.add(kept);
            entry = kept;
        }
        if (entry.number != 1 || !entry.isFirst()) {
            throw broken(entry.number, "it is the first slot that is kept, and is not slot 1", null);
        }
        Collections.reverse(chain);
        return chain;
    }

    /** Those behind the last segment, and before a segment, from its end to a slot that is the tip, or was; they are dense. */
    private List<Entry> tails(Entry tip, KeptContent content, long before) throws IOException {
        List<Entry> tails = new ArrayList<>();
        long segment = content.nextSegment();
        Archived end = tip.archived;
        if (segment >= before || end.segment() < segment || (end.segment() == segment && end.position() == 0)) {
            return tails;
        }
        Entry entry = tip;
        while (true) {
            if (entry.part instanceof Tail tail && tail.segment() >= segment) {
                if (tail.segment() < before) {
                    tails.add(entry);
                }
                if (tail.segment() == segment && tail.position() == 0) {
                    break;
                }
            }
            if (entry.number == 1) {
                throw broken(1, "no tail before it has the beginning of segment " + segment, null);
            }
            Entry previous = need(entry.number - 1, entry.number);
            checkPrevious(entry, previous);
            entry = previous;
        }
        Collections.reverse(tails);
        return tails;
    }

    private void checkPrevious(Entry entry, Entry previous) throws BrokenProofException {
        if (!entry.isPrevious(previous)) {
            throw broken(previous.number, "it is not the slot that slot " + entry.number + " names", null);
        }
    }

    private List<Long> strays(List<Entry> kept, List<Entry> tails, long tip, long segment) {
        Set<Long> used = new HashSet<>();
        kept.forEach(entry -> used.add(entry.number));
        tails.forEach(entry -> used.add(entry.number));
        List<Long> strays = new ArrayList<>();
        for (Entry entry : found.entries()) {
            boolean covered = entry.part instanceof Tail tail && tail.segment() < segment;
            if (entry.number <= tip && !used.contains(entry.number) && !covered) {
                strays.add(entry.number);
            }
        }
        return strays;
    }

    private Entry need(long number, long by) throws IOException {
        @Nullable Entry entry = found.find(number);
        if (entry != null && !entry.isOfThisLog) {
            throw otherLog(number);
        }
        if (entry == null) {
            @Nullable Exception bad = found.badness(number);
            String gone = by < 0 ? "it is listed, and missing" : "it is missing, and slot " + by + " follows it";
            String unknown = "a newer version wrote it";
            String damaged = bad instanceof UnknownArchiveFormatException ? unknown : "it is damaged";
            String why = bad == null ? gone : damaged;
            throw broken(number, why, bad);
        }
        return entry;
    }

    private WalRestoreException otherLog(long number) throws IOException {
        Slot slot = found.slot(number);
        String why = retries.call(() -> ChainIdentity.mismatch(log, identity, slot))
                .orElse("slot " + number + " is not of the log in log.json");
        return new WalRestoreException(
                WalRestoreException.Reason.OTHER_LOG,
                ArchiveKeys.LOG,
                -1,
                -1,
                why + "; put log.json back as the EPOCH slots have it, from a version or a copy",
                null);
    }

    private BrokenProofException broken(long slot, String why, @Nullable Exception cause) {
        @Nullable Entry before = lastBefore(slot);
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
