package io.veloz.wal.independent;

import static io.veloz.wal.independent.IndependentFrames.expect;

import io.veloz.wal.independent.IndependentSlot.Kind;
import io.veloz.wal.independent.IndependentSlot.Name;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Compares what the kept slots of format 2 state about each other, and their summaries, with the kept chain. */
final class IndependentSummaries {
    private final Map<Name, IndependentSlot> summaries = new HashMap<>();
    private final List<Name> chain = new ArrayList<>();
    private final Map<Name, IndependentSlot> slots = new HashMap<>();
    private List<Name> since = new ArrayList<>();
    private Name summary = new Name(0, "");
    private long segments;
    private long segmentBytes;
    private boolean beganInFormat1;

    /** Checks the kept slots from the first one on. */
    static void check(List<IndependentSlot> kept) {
        IndependentSummaries check = new IndependentSummaries();
        for (IndependentSlot slot : kept) {
            check.add(slot);
        }
    }

    private void add(IndependentSlot slot) {
        Name name = new Name(slot.number, slot.digest);
        if (slot.kind == Kind.SEGMENT) {
            segments++;
            segmentBytes += slot.head.object("segment").number("objectBytes", 1);
        }
        if (slot.format == 1) {
            expect(!slot.head.has("chain"), "slot " + slot.number + " of format 1 has a chain");
            beganInFormat1 = true;
        } else {
            checkState(slot);
            if (slot.kind == Kind.SUMMARY) {
                summaries.put(name, slot);
                checkCovers(slot);
                since = new ArrayList<>();
                summary = name;
            }
            since.add(name);
        }
        chain.add(name);
        slots.put(name, slot);
    }

    private void checkState(IndependentSlot slot) {
        slot.head.hex("instance", 32);
        IndependentJson state = slot.head.object("chain");
        List<Name> expected = since.subList(Math.max(0, since.size() - 512), since.size());
        IndependentJson named = state.object("since");
        expect(named.names().size() == expected.size(), "the number of slots since in slot " + slot.number);
        for (Name each : expected) {
            expect(
                    named.hex(Long.toString(each.slot()), 64).equals(each.sha256()),
                    "slot " + each.slot() + " in slot " + slot.number);
        }
        boolean same = summary.slot() == 0
                ? !state.has("summary")
                : name(state.object("summary")).equals(summary);
        expect(same, "the summary in slot " + slot.number);
        expect(state.has("totals") == !beganInFormat1, "the totals in slot " + slot.number);
        if (!beganInFormat1) {
            IndependentJson totals = state.object("totals");
            expect(totals.number("segments", 0) == segments, "the segments in slot " + slot.number);
            expect(totals.number("objectBytes", 0) == segmentBytes, "the bytes in slot " + slot.number);
            expect(totals.number("kept", 1) == chain.size() + 1, "the kept slots in slot " + slot.number);
        }
    }

    /** A SUMMARY covers the kept slots up to the one before it, together with the summaries that it names. */
    private void checkCovers(IndependentSlot slot) {
        IndependentJson covers = slot.head.object("covers");
        expect(slot.content.length == covers.number("contentBytes", 1), "the content of slot " + slot.number);
        expect(
                IndependentSlot.hexSha256(slot.content).equals(covers.hex("contentSha256", 64)),
                "the digest of the content of slot " + slot.number);
        List<Name> covered = new ArrayList<>();
        Name before = null;
        long parts = lines(slot).stream().mapToLong(IndependentSummaries::parts).sum();
        expect((covers.has("parts") ? covers.number("parts", 1) : 0) == parts, "the parts of slot " + slot.number);
        for (IndependentJson line : lines(slot)) {
            if (line.has("summary")) {
                IndependentSlot earlier = summaries.get(name(line.object("summary")));
                expect(earlier != null, "a summary that slot " + slot.number + " names");
                before = before == null ? name(line.object("before")) : before;
                for (IndependentJson entry : lines(earlier)) {
                    addEntry(entry, covered);
                }
            } else {
                addEntry(line, covered);
            }
        }
        before = before == null ? name(covers.object("before")) : before;
        int first = chain.indexOf(before) + 1;
        expect(covered.equals(chain.subList(first, chain.size())), "the range of slot " + slot.number);
        expect(name(covers.object("to")).equals(chain.get(chain.size() - 1)), "the end of slot " + slot.number);
    }

    /** Returns the number of parts of the segment in an entry. */
    private static long parts(IndependentJson line) {
        boolean inParts = line.has("segment") && line.object("segment").has("parts");
        return inParts ? line.object("segment").object("parts").names().size() : 0;
    }

    private void addEntry(IndependentJson line, List<Name> covered) {
        if (!line.has("entry")) {
            return;
        }
        Name name = name(line.object("entry"));
        IndependentSlot slot = slots.get(name);
        expect(slot != null && slot.kind.name().equals(line.text("kind")), "the entry of slot " + name.slot());
        expect(line.number("epoch", 1) == slot.epoch, "the epoch of slot " + name.slot());
        for (String part : List.of("archived", "segment", "attachment", "gap", "covers")) {
            boolean same = slot.head.has(part) ? line.object(part).isEqualTo(slot.head.object(part)) : !line.has(part);
            expect(same, part + " of slot " + name.slot());
        }
        covered.add(name);
    }

    private static List<IndependentJson> lines(IndependentSlot slot) {
        List<IndependentJson> lines = new ArrayList<>();
        for (String line : new String(slot.content, StandardCharsets.UTF_8).split("\n")) {
            lines.add(IndependentJson.of(line.getBytes(StandardCharsets.UTF_8)));
        }
        return lines;
    }

    private static Name name(IndependentJson json) {
        return new Name(json.number("slot", 0), json.hex("sha256", 64));
    }
}
