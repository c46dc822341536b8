package io.veloz.wal.testkit;

import java.util.Arrays;
import java.util.List;

/** A change to an old file of the engine with repaired checksums. Immutable. */
final class LegacyLie {
    private final Dice dice;
    private final byte[] file;
    private final int at;
    private final int end;
    private byte[] changed;
    private final String what;

    LegacyLie(Dice dice, byte[] file) {
        this.dice = dice;
        this.file = file.clone();
        List<Integer> entries = LogBytes.legacyEntries(file);
        this.at = dice.of(entries);
        this.end = LogBytes.legacyEnd(file, at);
        this.changed = this.file;
        this.what = switch (dice.below(7)) {
            case 0 -> headField();
            case 1 -> payloadSize();
            case 2, 3 -> payload();
            case 4 -> {
                changed = ByteChange.joined(
                        Arrays.copyOf(file, end), Arrays.copyOfRange(file, Math.min(at, end), file.length));
                yield "repeat";
            }
            case 5 -> {
                changed = ByteChange.joined(Arrays.copyOf(file, at), Arrays.copyOfRange(file, end, file.length));
                yield "remove";
            }
            default -> {
                byte[] entry = Arrays.copyOfRange(file, at, end);
                changed = ByteChange.joined(file, entry);
                yield "append a copy";
            }
        };
    }

    private String headField() {
        int field = dice.of(List.of(4, 8, 16, 24));
        if (field == 8 || field == 16) {
            LogBytes.view(file)
                    .putLong(at + field, dice.insteadOf(LogBytes.view(file).getLong(at + field)));
        } else if (field == 24) {
            file[at + field] = (byte) dice.below(dice.oneIn(2) ? 8 : 256);
        } else {
            LogBytes.view(file).putInt(at + field, dice.below(3));
        }
        return "head field " + field;
    }

    private String payloadSize() {
        LogBytes.view(file).putInt(at + 28, (int) dice.insteadOf(end - at - LogBytes.LEGACY_HEADER));
        LogBytes.repairLegacy(file, at);
        return "payload size";
    }

    /** Changes a word of the payload, such as a text length, a count or a number. */
    private String payload() {
        int payload = at + LogBytes.LEGACY_HEADER;
        if (end - payload >= 8) {
            int place = dice.oneIn(2) ? payload : payload + dice.below(end - payload - 7);
            if (dice.oneIn(2)) {
                LogBytes.view(file)
                        .putInt(place, (int) dice.insteadOf(LogBytes.view(file).getInt(place)));
            } else {
                LogBytes.view(file)
                        .putLong(place, dice.insteadOf(LogBytes.view(file).getLong(place)));
            }
        }
        LogBytes.repairLegacy(file, at);
        return "payload";
    }

    byte[] changed() {
        return changed;
    }

    @Override
    public String toString() {
        return "entry at " + at + " changed with valid checksums: " + what;
    }
}
