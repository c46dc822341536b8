package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.ChainState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.format.SummaryContent;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.format.SummaryContent.Peak;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the kept slots of an archive through its summaries: the last SUMMARY, those that it names, and the slots since then.
 * A fixed number of requests for each 4,096 kept slots. Not for an archive that began in format 1, whose first slots no
 * summary names. Belongs to one thread, and starts reader threads.
 *
 * <p>Every object is compared with the digest by which a later one names it, and every range with the one before it.
 */
final class KeptChain {
    private final ShipLog log;
    private final LogIdentity identity;
    private final Lanes lanes;
    private final Retries retries;
    private final LongConsumer progress;
    private long read;

    /** The last SUMMARY; null until it was read, and if there is none. */
    private @Nullable SlotSummary summary;

    KeptChain(ShipLog log, LogIdentity identity, Retries retries, int parallelism, LongConsumer progress) {
        this.log = log;
        this.identity = identity;
        this.retries = retries;
        this.lanes = new Lanes(parallelism, "veloz-wal-chain");
        this.progress = progress;
    }

    /**
     * Returns the kept slots from the first one to the last one, oldest first.
     *
     * @param last the last kept slot, of format 2, whose digest was checked
     * @param ref the number and digest of that slot
     * @throws BadObjectException if an object is missing or damaged, or does not fit the others
     */
    List<SlotSummary> upTo(Slot last, SlotRef ref) throws IOException {
        ChainState chain = last.chainState();
        List<SlotSummary> slots = new ArrayList<>();
        SlotRef end = SlotRef.NONE;
        if (chain.summary().number() > 0) {
            end = addSummarized(chain.summary(), slots);
        }
        addSince(last, ref, end, slots);
        return slots;
    }

    long read() {
        return read;
    }

    /** Adds the slots in the ranges of a SUMMARY and of those that it names. Returns the last one. */
    private SlotRef addSummarized(SlotRef newest, List<SlotSummary> slots) throws IOException {
        Decoded decoded = slot(newest);
        SummaryContent content = content(decoded);
        Summary part = (Summary) decoded.slot().part();
        summary = new SlotSummary(decoded, identity);
        SlotRef[] end = {
            content.peaks().isEmpty() ? part.before() : content.peaks().get(0).before()
        };
        if (end[0].number() > 0) {
            throw new BadObjectException(where(newest) + " and the summaries that it names begin after slot "
                    + end[0].number() + "; expected slot 1");
        }
        lanes.forEach(content.peaks(), peak -> entries(peak), range -> end[0] = add(range, end[0], slots));
        return add(content.entries(), end[0], slots);
    }

    private List<Entry> entries(Peak peak) throws IOException {
        Decoded decoded = slot(peak.slot());
        List<Entry> entries = content(decoded).entries();
        if (!Peak.of(peak.slot(), (Summary) decoded.slot().part()).equals(peak)) {
            throw new BadObjectException(where(peak.slot()) + " has another range than a later SUMMARY states");
        }
        return entries;
    }

    private SlotRef add(List<Entry> entries, SlotRef before, List<SlotSummary> slots) throws IOException {
        SlotRef end = before;
        for (Entry entry : entries) {
            // The tails before a gap are reached from its slot.
            slots.add(
                    entry.part() instanceof Gap
                            ? new SlotSummary(slot(entry.slot()), identity)
                            : new SlotSummary(entry, end));
            end = entry.slot();
        }
        return end;
    }

    /** Adds the slots after the last summarized one, and the last slot. */
    private void addSince(Slot last, SlotRef ref, SlotRef end, List<SlotSummary> slots) throws IOException {
        List<SlotRef> named = new ArrayList<>(last.chainState().since());
        named.removeIf(each -> each.number() <= end.number());
        List<SlotSummary> since = new ArrayList<>();
        if (summary != null && !named.isEmpty() && named.get(0).equals(summary.ref())) {
            // It has been read, and is large.
            since.add(summary);
            named.remove(0);
        }
        lanes.forEach(named, this::slot, decoded -> since.add(new SlotSummary(decoded, identity)));
        since.add(new SlotSummary(slot(ref), identity));
        addWalked(since.get(0).kept(), end, slots);
        SlotRef before = since.get(0).kept();
        for (SlotSummary slot : since) {
            if (!slot.kept().equals(before)) {
                throw new BadObjectException(where(slot.ref()) + " names slot " + slot.keptNumber
                        + " as kept; expected slot " + before.number());
            }
            slots.add(slot);
            before = slot.ref();
        }
    }

    /** Adds the slots after one up to another, which no slot names but the next one. They are read one by one. */
    private void addWalked(SlotRef last, SlotRef after, List<SlotSummary> slots) throws IOException {
        Deque<SlotSummary> walked = new ArrayDeque<>();
        SlotRef at = last;
        while (at.number() > after.number()) {
            SlotSummary slot = new SlotSummary(slot(at), identity);
            walked.addFirst(slot);
            at = slot.kept();
            if (at.number() >= slot.number) {
                throw new BadObjectException(where(slot.ref()) + " names slot " + at.number() + " as kept");
            }
        }
        if (!at.equals(after)) {
            throw new BadObjectException(
                    where(last) + " is not reached from the last summarized slot " + after.number());
        }
        slots.addAll(walked);
    }

    private Decoded slot(SlotRef ref) throws IOException {
        Decoded decoded = retries.call(() -> log.slot(ref.number()))
                .orElseThrow(() -> new BadObjectException(where(ref) + " is missing, and a later slot names it"));
        if (!decoded.sha256().equals(ref.sha256())) {
            throw new BadObjectException(where(ref) + " does not match the digest in a later slot");
        }
        if (!decoded.slot().isKept() || !new SlotSummary(decoded, identity).isOfThisLog) {
            throw new BadObjectException(where(ref) + " is not a kept slot of this archive");
        }
        count();
        return decoded;
    }

    private synchronized void count() {
        progress.accept(++read);
    }

    private SummaryContent content(Decoded decoded) throws IOException {
        Slot slot = decoded.slot();
        String where = log.where(ArchiveKeys.slot(slot.number()));
        if (slot.part() instanceof Summary part) {
            return SummaryContent.decode(where, part, decoded.content());
        }
        throw new BadObjectException(where + " is not a SUMMARY, and a later slot names it as one");
    }

    private String where(SlotRef ref) {
        return log.where(ArchiveKeys.slot(ref.number()));
    }
}
