package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A random change to the bytes of a file that ignores its checksums. Immutable. */
final class ByteChange {
    private static final int MOST_BYTES = 256;

    private final Dice dice;
    private final byte[] file;
    private final int at;
    private final int length;
    private final byte[] changed;
    private final String what;

    ByteChange(Dice dice, byte[] file) {
        this.dice = dice;
        this.file = file;
        this.at = position();
        this.length = Math.min(file.length - at, 1 + dice.below(dice.oneIn(3) ? 8 : MOST_BYTES));
        switch (dice.below(10)) {
            case 0 -> {
                what = "flip a bit";
                changed = length == 0 ? file : overwritten(new byte[] {(byte) (file[at] ^ (1 << dice.below(8)))});
            }
            case 1 -> {
                what = "overwrite with a number";
                changed = overwritten(number());
            }
            case 2 -> {
                what = "overwrite with zeros";
                changed = overwritten(new byte[length]);
            }
            case 3 -> {
                what = "overwrite with noise";
                changed = overwritten(dice.noise(length));
            }
            case 4 -> {
                what = "truncate";
                changed = Arrays.copyOf(file, at);
            }
            case 5 -> {
                what = "insert";
                changed = inserted(dice.oneIn(2) ? new byte[length] : dice.noise(length));
            }
            case 6 -> {
                what = "delete";
                changed = joined(Arrays.copyOf(file, at), Arrays.copyOfRange(file, at + length, file.length));
            }
            case 7 -> {
                what = "repeat";
                changed = inserted(Arrays.copyOfRange(file, at, at + length));
            }
            case 8 -> {
                what = "copy from elsewhere";
                int from = position();
                changed = overwritten(Arrays.copyOfRange(file, from, Math.min(file.length, from + length)));
            }
            default -> {
                what = "append";
                changed = joined(file, dice.oneIn(2) ? new byte[length] : dice.noise(length));
            }
        }
    }

    /** Returns a position, mostly at or near the beginning or end of a structure. */
    private int position() {
        List<Integer> places = new ArrayList<>(List.of(0, LogBytes.PAGE, file.length));
        places.addAll(LogBytes.batches(file));
        places.addAll(LogBytes.legacyEntries(file));
        if (LogBytes.footerAt(file) > 0) {
            places.add(LogBytes.footerAt(file));
        }
        int place = dice.of(places)
                + switch (dice.below(4)) {
                    case 0 -> 0;
                    case 1 -> dice.below(17) - 8;
                    case 2 -> dice.below(LogBytes.BATCH_HEADER + LogBytes.PREDECESSOR + LogBytes.RECORD_HEADER);
                    default -> dice.below(4096) - 2048;
                };
        return Math.max(0, Math.min(place, file.length));
    }

    private byte[] number() {
        byte[] word = new byte[8];
        LogBytes.view(word).putLong(0, dice.insteadOf(0));
        return Arrays.copyOf(word, dice.oneIn(2) ? 4 : 8);
    }

    private byte[] overwritten(byte[] bytes) {
        byte[] result = file.clone();
        System.arraycopy(bytes, 0, result, at, Math.min(bytes.length, file.length - at));
        return result;
    }

    private byte[] inserted(byte[] bytes) {
        return joined(joined(Arrays.copyOf(file, at), bytes), Arrays.copyOfRange(file, at, file.length));
    }

    static byte[] joined(byte[] first, byte[] second) {
        byte[] result = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, result, first.length, second.length);
        return result;
    }

    byte[] changed() {
        return changed;
    }

    @Override
    public String toString() {
        return what + ", " + length + " bytes at " + at;
    }
}
