package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import java.util.Arrays;
import java.util.HexFormat;

/** What the proof remembers of a slot: there may be a million of them. Immutable. */
final class Entry {
    private static final Part EPOCH = new Epoch("");

    final long number;
    final long epoch;
    final long keptNumber;
    final Archived archived;
    final Part part;
    private final byte[] sha256;
    private final byte[] previous;
    private final byte[] keptSha256;

    /** Whether log id and origin are those of {@code log.json}. */
    final boolean isOfThisLog;

    Entry(SlotCodec.Decoded decoded, LogIdentity identity) {
        Slot slot = decoded.slot();
        isOfThisLog = slot.logId().equals(identity.logId())
                && (slot.origin().isEmpty() || slot.origin().equals(identity.origin()));
        number = slot.number();
        epoch = slot.epoch();
        keptNumber = slot.kept().number();
        archived = slot.archived();
        // The text of log.json is in every one of them, and is compared by its digest above.
        part = slot.part() instanceof Epoch ? EPOCH : slot.part();
        sha256 = bytes(decoded.sha256());
        previous = bytes(slot.previous());
        keptSha256 = bytes(slot.kept().sha256());
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    boolean isTail() {
        return part instanceof Tail;
    }

    boolean isPrevious(Entry other) {
        return Arrays.equals(previous, other.sha256);
    }

    boolean isKept(Entry other) {
        return Arrays.equals(keptSha256, other.sha256);
    }

    /** Whether it names no slot before it. */
    boolean isFirst() {
        byte[] none = new byte[previous.length];
        return Arrays.equals(previous, none) && Arrays.equals(keptSha256, none) && keptNumber == 0;
    }

    String sha256() {
        return HexFormat.of().formatHex(sha256);
    }
}
