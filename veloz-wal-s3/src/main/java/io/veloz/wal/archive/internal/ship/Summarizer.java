package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.ChainState;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.format.SummaryContent;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.format.SummaryContent.Peak;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Collects the kept slots for the next SUMMARY. Those of earlier writers are read, one request for each {@link #step}; those
 * of this writer are added when the store has confirmed them. An instance is confined to one thread.
 *
 * <p>Every slot is reached by its digest from the tip, never from a list: a list may contain the EPOCH slot of a writer that
 * put it at the number of a deleted tail, which is no part of the chain.
 *
 * <p>A SUMMARY of level 1 covers the kept slots since the last SUMMARY, including it. When {@code fanOut} of them exist, one
 * of level 2 covers all their ranges, and what followed. A crash at any moment loses nothing: the next writer collects again
 * from the chain.
 */
final class Summarizer {
    /** The number of kept slots after which a SUMMARY is put, and of SUMMARYs of level 1 after which one of level 2 is put. */
    static final int FAN_OUT = 64;

    /**
     * Bounds the content of a SUMMARY. One of level 2 is put early, before its entries exceed the bound, and if they would, one
     * of level 1 is put instead. Only thousands of writers that died without a SUMMARY exceed it; then none is put.
     */
    private static final int MAX_ENTRIES = 20_000;

    /** The statement of this number of parts is as long as an entry without parts. */
    private static final int PARTS_OF_AN_ENTRY = 4;

    private final ShipLog shipLog;
    private final int fanOut;
    private final int maxEntries;

    /** Kept slots to be read, the newest first. */
    private final Deque<SlotRef> unread = new ArrayDeque<>();

    /** The kept slots after the last SUMMARY's range, oldest first. */
    private final Deque<Entry> entries = new ArrayDeque<>();

    /** The slot before the first entry; null until it is known. */
    private @Nullable SlotRef before;

    private SlotRef summary = SlotRef.NONE;

    /** The summaries before the next one; null until the last SUMMARY was read. */
    private @Nullable List<Peak> peaks;

    /** The ranges of the summaries of level 1 that the next SUMMARY replaces, as far as they were read. */
    private final List<Entry> merged = new ArrayList<>();

    private int mergedPeaks;

    /** A SUMMARY to be put. */
    static final class Next {
        private final Summary part;
        private final byte[] content;

        Next(Summary part, byte[] content) {
            this.part = part;
            this.content = content;
        }

        Summary part() {
            return part;
        }

        /** Returns the encoded content, not a copy. */
        byte[] content() {
            return content;
        }
    }

    private Summarizer(ShipLog shipLog, int fanOut, int maxEntries) {
        this.shipLog = shipLog;
        this.fanOut = fanOut;
        this.maxEntries = maxEntries;
    }

    /** Starts at the tip, without a request. */
    static Summarizer at(ShipLog shipLog, int fanOut, Tip tip) {
        return at(shipLog, fanOut, MAX_ENTRIES, tip);
    }

    /** Starts with another bound of the entries in a SUMMARY. */
    static Summarizer at(ShipLog shipLog, int fanOut, int maxEntries, Tip tip) {
        Summarizer summarizer = new Summarizer(shipLog, fanOut, maxEntries);
        Slot slot = tip.keptSlot();
        ChainState chain = slot == null ? null : slot.chain();
        if (slot == null || chain == null) {
            // The chain up to here is of format 1, or empty.
            summarizer.before = tip.kept();
            summarizer.peaks = List.of();
            return summarizer;
        }
        boolean isSummary = slot.part() instanceof Summary;
        summarizer.summary = isSummary ? tip.kept() : chain.summary();
        if (summarizer.summary.number() == 0) {
            summarizer.peaks = List.of();
        }
        if (!isSummary) {
            chain.since().forEach(summarizer.unread::addFirst);
        }
        summarizer.unread.addFirst(tip.kept());
        return summarizer;
    }

    /** A slot of this writer is the tip. */
    void added(Slot slot, String sha256) {
        SlotRef ref = new SlotRef(slot.number(), sha256);
        if (slot.part() instanceof Summary part) {
            put(ref, part);
        }
        if (slot.isKept()) {
            entries.addLast(Entry.of(ref, slot));
        }
    }

    private void put(SlotRef ref, Summary part) {
        List<Peak> after = new ArrayList<>(known());
        after.removeIf(peak -> part.level() == 2 && peak.level() == 1);
        after.add(Peak.of(ref, part));
        peaks = after;
        summary = ref;
        before = part.to();
        entries.clear();
        merged.clear();
        mergedPeaks = 0;
    }

    /** Returns whether a SUMMARY would be put if all its slots had been read. */
    boolean isDue() {
        return hasStep() && (entries.size() + unread.size() >= fanOut || isLevelTwo());
    }

    /** Returns whether a SUMMARY is due, and all its slots have been read. */
    boolean isReady() {
        boolean isBounded = Math.max(weight(entries.size(), parts(entries)), known().size()) <= maxEntries;
        return !hasStep() && isBounded && (entries.size() >= fanOut || isLevelTwo());
    }

    /** Returns whether the next SUMMARY has level 2: one is due, and its entries do not exceed the bound. */
    private boolean isLevelTwo() {
        long total = weight(entries.size(), parts(entries));
        for (Peak peak : known()) {
            total += peak.level() == 1 ? weight(peak.entries(), peak.parts()) : 0;
        }
        boolean isDue = levelOnes() >= fanOut || (levelOnes() > 0 && total > maxEntries / 2);
        return isDue && total <= maxEntries;
    }

    /** Returns the number of entries without parts that are as long. */
    private static long weight(long entries, long parts) {
        return entries + (parts + PARTS_OF_AN_ENTRY - 1) / PARTS_OF_AN_ENTRY;
    }

    private static long parts(Collection<Entry> range) {
        return range.stream().mapToLong(Entry::parts).sum();
    }

    /** Returns whether {@link #step} has a request to make. */
    boolean hasStep() {
        return before == null || peaks == null || (isLevelTwo() && mergedPeaks < levelOnes());
    }

    /** Reads one slot. A step that fails can be repeated. */
    void step() throws IOException {
        if (before == null) {
            readKept();
        } else if (peaks == null) {
            readSummary();
        } else {
            merge();
        }
    }

    /** Reads the newest unread slot, so that each slot is reached from the one after it. */
    private void readKept() throws IOException {
        SlotRef ref = unread.getFirst();
        Slot slot = shipLog.kept(ref);
        unread.removeFirst();
        entries.addFirst(Entry.of(ref, slot));
        if (slot.part() instanceof Summary || isFirst(slot)) {
            before = slot.kept();
            unread.clear();
        } else if (unread.isEmpty() || !unread.getFirst().equals(slot.kept())) {
            // More slots than a head names, or a head that names other slots than the chain.
            unread.clear();
            unread.addFirst(slot.kept());
        }
    }

    /** Returns whether it is the first slot of format 2, which names none of the slots before it. */
    private static boolean isFirst(Slot slot) {
        ChainState chain = slot.chain();
        return chain == null || chain.since().isEmpty();
    }

    private void readSummary() throws IOException {
        Decoded decoded = read(summary);
        List<Peak> after = new ArrayList<>(content(decoded).peaks());
        Peak own = Peak.of(summary, (Summary) decoded.slot().part());
        after.add(own);
        peaks = after;
    }

    private void merge() throws IOException {
        Peak peak = known().get(known().size() - levelOnes() + mergedPeaks);
        merged.addAll(content(read(peak.slot())).entries());
        mergedPeaks++;
    }

    private Decoded read(SlotRef ref) throws IOException {
        Decoded decoded = shipLog.slot(ref.number()).orElse(null);
        if (decoded == null
                || !decoded.sha256().equals(ref.sha256())
                || !(decoded.slot().part() instanceof Summary)) {
            throw new BadObjectException(shipLog.where("slot " + ref.number()) + " is missing, or not the SUMMARY"
                    + " that a later slot names");
        }
        return decoded;
    }

    private SummaryContent content(Decoded decoded) throws IOException {
        String where = shipLog.where("slot " + decoded.slot().number());
        return SummaryContent.decode(where, (Summary) decoded.slot().part(), decoded.content());
    }

    private List<Peak> known() {
        return peaks == null ? List.of() : peaks;
    }

    private int levelOnes() {
        return (int) known().stream().filter(peak -> peak.level() == 1).count();
    }

    /** Returns the SUMMARY to be put after the tip. All its slots have been read. */
    Next next() {
        boolean isLevelTwo = isLevelTwo();
        List<Entry> range = new ArrayList<>(isLevelTwo ? merged : List.of());
        range.addAll(entries);
        List<Peak> named = new ArrayList<>(known());
        named.removeIf(peak -> isLevelTwo && peak.level() == 1);
        SlotRef start = isLevelTwo ? known().get(known().size() - levelOnes()).before() : before;
        byte[] content = new SummaryContent(named, range).encode();
        Entry first = range.get(0);
        Entry last = range.get(range.size() - 1);
        Summary part = new Summary(
                isLevelTwo ? 2 : 1,
                Objects.requireNonNull(start),
                first.slot().number(),
                last.slot(),
                range.size(),
                last.archived().sequence(),
                content.length,
                Digest.of(content),
                parts(range));
        return new Next(part, content);
    }
}
