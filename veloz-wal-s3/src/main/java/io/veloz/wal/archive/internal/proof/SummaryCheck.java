package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.SummaryContent;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.format.SummaryContent.Peak;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Compares the content of a SUMMARY with the kept slots of a proof. Immutable. */
final class SummaryCheck {
    private final NavigableMap<Long, SlotSummary> kept = new TreeMap<>();

    SummaryCheck(List<SlotSummary> slots) {
        slots.forEach(slot -> kept.put(slot.number, slot));
    }

    /** Returns the first difference, if any. */
    Optional<String> difference(Summary head, SummaryContent content) {
        for (Peak peak : content.peaks()) {
            if (!isRight(peak)) {
                return Optional.of(
                        "it states another summary in slot " + peak.slot().number() + " than is stored");
            }
        }
        SlotRef before = head.before();
        @Nullable SlotSummary first = kept.get(before.number());
        if (before.number() > 0 && (first == null || !first.ref().equals(before))) {
            return Optional.of("its range begins after slot " + before.number() + ", which is not that kept slot");
        }
        List<SlotSummary> range = List.copyOf(
                kept.subMap(before.number(), false, head.to().number(), true).values());
        for (int i = 0; i < Math.max(range.size(), content.entries().size()); i++) {
            @Nullable Entry stored = i < range.size() ? range.get(i).entry() : null;
            @Nullable
            Entry stated = i < content.entries().size() ? content.entries().get(i) : null;
            if (stored == null || !stored.equals(stated)) {
                long number =
                        stored == null ? head.to().number() : stored.slot().number();
                return Optional.of("it does not repeat the kept slot " + number + " as it is");
            }
        }
        return Optional.empty();
    }

    private boolean isRight(Peak peak) {
        @Nullable SlotSummary slot = kept.get(peak.slot().number());
        return slot != null
                && slot.part instanceof Summary part
                && Peak.of(slot.ref(), part).equals(peak);
    }
}
