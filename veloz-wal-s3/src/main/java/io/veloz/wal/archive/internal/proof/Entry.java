package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import java.util.Arrays;
import java.util.HexFormat;

/** What the proof remembers of a slot: there may be a million of them. Immutable. */
final class Entry {
    final long number;
    final long epoch;
    final long keptNumber;
    final Archived archived;
    final Part part;
    private final byte[] sha256;
    private final byte[] previous;
    private final byte[] keptSha256;

    Entry(SlotCodec.Decoded decoded) {
        Slot slot = decoded.slot();
        number = slot.number();
        epoch = slot.epoch();
        keptNumber = slot.kept().number();
        archived = slot.archived();
        part = slot.part();
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
