package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.SummaryContent;
import java.util.Arrays;
import java.util.HexFormat;

/** The fields of a slot that the proof uses. Compact, because an archive may have a million slots. Immutable. */
final class SlotSummary {
    private static final Part EPOCH = new Epoch("");

    final long number;
    final long epoch;
    final long keptNumber;
    final Archived archived;
    final Part part;
    private final byte[] sha256;
    private final byte[] previous;
    private final byte[] keptSha256;

    /** Whether log id and origin match {@code log.json}. */
    final boolean isOfThisLog;

    SlotSummary(SlotCodec.Decoded decoded, LogIdentity identity) {
        Slot slot = decoded.slot();
        isOfThisLog = slot.logId().equals(identity.logId())
                && (slot.origin().isEmpty() || slot.origin().equals(identity.origin()));
        number = slot.number();
        epoch = slot.epoch();
        keptNumber = slot.kept().number();
        archived = slot.archived();
        // Every EPOCH slot contains the text of log.json, which is compared by its digest above.
        part = slot.part() instanceof Epoch e ? withoutLogJson(e) : slot.part();
        sha256 = bytes(decoded.sha256());
        previous = bytes(slot.previous());
        keptSha256 = bytes(slot.kept().sha256());
    }

    /**
     * A kept slot that a SUMMARY names.
     *
     * @param kept the kept slot before it
     */
    SlotSummary(SummaryContent.Entry entry, SlotRef kept) {
        isOfThisLog = true;
        number = entry.slot().number();
        epoch = entry.epoch();
        keptNumber = kept.number();
        archived = entry.archived();
        part = entry.part();
        sha256 = bytes(entry.slot().sha256());
        // Only the slot itself has it. It is read if it is needed.
        previous = new byte[0];
        keptSha256 = bytes(kept.sha256());
    }

    private static Part withoutLogJson(Epoch part) {
        Epoch summary = new Epoch("", part.reason(), part.observed(), part.keyId());
        return summary.equals(EPOCH) ? EPOCH : summary;
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    /** Returns whether it may be deleted: a tail, or a BEAT. */
    boolean isDroppable() {
        return part instanceof Tail || part instanceof Beat;
    }

    boolean isPrevious(SlotSummary other) {
        return Arrays.equals(previous, other.sha256);
    }

    boolean isKept(SlotSummary other) {
        return Arrays.equals(keptSha256, other.sha256);
    }

    /** Returns whether it references no earlier slot. */
    boolean isFirst() {
        byte[] none = new byte[keptSha256.length];
        return (previous.length == 0 || Arrays.equals(previous, none))
                && Arrays.equals(keptSha256, none)
                && keptNumber == 0;
    }

    /** Returns whether it was read itself, not only named by a SUMMARY. */
    boolean hasPrevious() {
        return previous.length > 0;
    }

    /** Returns what a SUMMARY repeats of it. */
    SummaryContent.Entry entry() {
        return new SummaryContent.Entry(ref(), epoch, archived, part);
    }

    SlotRef ref() {
        return new SlotRef(number, sha256());
    }

    SlotRef kept() {
        return new SlotRef(keptNumber, HexFormat.of().formatHex(keptSha256));
    }

    String sha256() {
        return HexFormat.of().formatHex(sha256);
    }
}
