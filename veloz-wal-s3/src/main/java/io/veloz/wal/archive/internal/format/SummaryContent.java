package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Restated;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The content of a SUMMARY slot: one line of JSON for each earlier SUMMARY that is still needed, then one for each kept slot
 * of the range in its head. Immutable. See docs/archive.md, "SUMMARY".
 *
 * @param peaks the earlier summaries: all of level 2, then those of level 1 after the last one of level 2, oldest first
 * @param entries the kept slots of the range, oldest first
 */
public record SummaryContent(List<Peak> peaks, List<Entry> entries) {
    /** The maximum size of the content. */
    public static final int MAX_BYTES = 16 * 1024 * 1024;

    private static final int MAX_LINE_BYTES = 16 * 1024;

    public SummaryContent {
        peaks = List.copyOf(peaks);
        entries = List.copyOf(entries);
    }

    /** An earlier SUMMARY: its slot, and what it states about its range. Immutable. */
    public record Peak(
            int level, SlotRef slot, SlotRef before, long from, SlotRef to, long entries, long sequence, long parts) {
        /** Creates the peak of a range whose segments are one object each. */
        public Peak(int level, SlotRef slot, SlotRef before, long from, SlotRef to, long entries, long sequence) {
            this(level, slot, before, from, to, entries, sequence, 0);
        }

        public static Peak of(SlotRef slot, Summary summary) {
            return new Peak(
                    summary.level(),
                    slot,
                    summary.before(),
                    summary.from(),
                    summary.to(),
                    summary.entries(),
                    summary.sequence(),
                    summary.parts());
        }
    }

    /** A kept slot. Immutable. */
    public record Entry(SlotRef slot, long epoch, Archived archived, Part part) {
        /** Returns the entry of a slot. It does not repeat {@code log.json}. */
        public static Entry of(SlotRef ref, Slot slot) {
            Part part = slot.part() instanceof Epoch epoch
                    ? new Epoch("", epoch.reason(), epoch.observed(), epoch.keyId())
                    : slot.part();
            return new Entry(ref, slot.epoch(), slot.archived(), part);
        }

        /** Returns the number of parts of its segment; 0 if it is one object. */
        public int parts() {
            return part instanceof Segment segment
                    ? segment.stored().parts().size()
                    : part instanceof Restated restated
                            ? restated.segment().stored().parts().size()
                            : 0;
        }
    }

    /** Returns the content. */
    public byte[] encode() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Peak peak : peaks) {
            line(out, encode(peak));
        }
        for (Entry entry : entries) {
            Json json = SlotHead.put(Json.create().put("entry", SlotHead.encode(entry.slot)), entry.archived)
                    .put("epoch", entry.epoch);
            SlotHead.putPart(json, entry.part);
            line(out, json);
        }
        return out.toByteArray();
    }

    private static void line(ByteArrayOutputStream out, Json json) {
        out.writeBytes(json.encode());
        out.write('\n');
    }

    private static Json encode(Peak peak) {
        Json json = Json.create()
                .put("summary", SlotHead.encode(peak.slot))
                .put("level", (long) peak.level)
                .put("before", SlotHead.encode(peak.before))
                .put("from", peak.from)
                .put("to", SlotHead.encode(peak.to))
                .put("entries", peak.entries)
                .put("sequence", peak.sequence);
        return SlotHead.putParts(json, peak.parts);
    }

    /**
     * Decodes the content of a SUMMARY, and compares it with its head.
     *
     * @param where the name of the slot in messages
     */
    public static SummaryContent decode(String where, Summary head, byte[] content) throws BadObjectException {
        List<Peak> peaks = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        int line = 0;
        for (int at = 0; at < content.length; line++) {
            int end = at;
            while (end < content.length && content[end] != '\n') {
                end++;
            }
            String name = where + " line " + (line + 1);
            if (end == content.length || end - at > MAX_LINE_BYTES) {
                throw new BadObjectException(name + ": expected a line of at most " + MAX_LINE_BYTES + " bytes");
            }
            Json json = Json.decode(name, Arrays.copyOfRange(content, at, end));
            if (json.has("summary") && entries.isEmpty()) {
                peaks.add(peak(json));
            } else {
                entries.add(entry(name, json));
            }
            at = end + 1;
        }
        SummaryContent summary = new SummaryContent(peaks, entries);
        summary.check(where, head);
        return summary;
    }

    private static Peak peak(Json json) throws BadObjectException {
        return new Peak(
                (int) json.number("level", 1, 2),
                SlotHead.ref(json, "summary", 1),
                SlotHead.ref(json, "before", 0),
                json.number("from", 1, ArchiveKeys.MAX_SLOT),
                SlotHead.ref(json, "to", 1),
                json.number("entries", 1),
                json.number("sequence", 0),
                SlotHead.parts(json));
    }

    private static Entry entry(String where, Json json) throws BadObjectException {
        Part part = SlotHead.part(where, json);
        if (part instanceof Tail || part instanceof Beat) {
            throw new BadObjectException(where + ": a slot that may be deleted; expected a kept slot");
        }
        return new Entry(
                SlotHead.ref(json, "entry", 1),
                json.number("epoch", 1, ArchiveKeys.MAX_EPOCH),
                SlotHead.archived(json),
                part);
    }

    /** Checks that the ranges of the peaks and the entries follow each other, as far as their numbers show it. */
    private void check(String where, Summary head) throws BadObjectException {
        SlotRef end = peaks.isEmpty() ? head.before() : peaks.get(0).before();
        boolean levelOne = false;
        for (Peak peak : peaks) {
            boolean follows = peak.before().equals(end)
                    && peak.from() > end.number()
                    && peak.to().number() >= peak.from()
                    && peak.slot().number() > peak.to().number();
            expect(follows, where, "the range of summary " + peak.slot().number() + " does not follow the one before");
            expect(peak.level() == 1 || !levelOne, where, "a summary of level 2 after one of level 1");
            levelOne |= peak.level() == 1;
            end = peak.to();
        }
        expect(end.equals(head.before()), where, "its range does not follow that of the last summary");
        expect(head.level() == 1 || !levelOne, where, "a summary of level 2 names one of level 1");
        expect(entries.size() == head.entries(), where, entries.size() + " entries; expected " + head.entries());
        long parts = entries.stream().mapToLong(Entry::parts).sum();
        expect(parts == head.parts(), where, parts + " parts of segments; expected " + head.parts());
        long number = head.before().number();
        for (Entry entry : entries) {
            expect(entry.slot().number() > number, where, "entries out of order");
            number = entry.slot().number();
        }
        boolean range = !entries.isEmpty()
                && entries.get(0).slot().number() == head.from()
                && entries.get(entries.size() - 1).slot().equals(head.to())
                && entries.get(entries.size() - 1).archived().sequence() == head.sequence();
        expect(range, where, "the entries are not the range in the head");
    }

    private static void expect(boolean isRight, String where, String message) throws BadObjectException {
        if (!isRight) {
            throw new BadObjectException(where + ": " + message);
        }
    }
}
