package io.veloz.wal.testkit;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A change to a field, a record, a batch or a footer with repaired checksums, so that the checks after the checksums
 * are reached. The extent of the repair is random. Confined to one thread.
 */
final class Lie {
    private static final List<Integer> HEADER_LONGS = List.of(24, 32, 40, 48, 56, 72);
    private static final List<Integer> HEADER_INTS = List.of(8, 12, 16, 20, 64, 68);
    private static final List<Integer> BATCH_LONGS = List.of(8, 16, 32);
    private static final List<Integer> BATCH_INTS = List.of(4, 24, 28, 40, 44, 48);

    private final Dice dice;
    private final Map<String, byte[]> files;
    private final Map<String, byte[]> other;

    Lie(Dice dice, Map<String, byte[]> files, Map<String, byte[]> other) {
        this.dice = dice;
        this.files = files;
        this.other = other;
    }

    /** Applies the change, and returns its description. */
    String apply(String name, byte[] file) {
        if (!LogBytes.isSegment(file)) {
            return otherFile(file);
        }
        int footer = LogBytes.footerAt(file);
        List<Integer> batches = LogBytes.batches(file);
        int choice = dice.below(10);
        if (choice == 0 || batches.isEmpty()) {
            return dice.oneIn(2) ? endMark(file) : header(file, batches);
        }
        if (footer > 0 && choice <= 2) {
            String what = footer(file, footer);
            chainNext(file, LogBytes.footerAt(file));
            return what;
        }
        int at = dice.of(batches);
        if (choice >= 8) {
            return moveBatch(name, file, at, footer);
        }
        String what =
                choice == 3 ? record(file, at) : choice == 4 ? predecessor(file, batches.get(0)) : batch(file, at);
        around(name, file, choice == 4 ? batches.get(0) : at, footer);
        return what;
    }

    /** Repairs the chain after a batch, the footer, and the next segment, each with some probability. */
    private void around(String name, byte[] file, int at, int footer) {
        LogBytes.repairBatchHeader(file, at, LogBytes.salt(file));
        if (dice.oneIn(2)) {
            LogBytes.rechain(file);
            if (footer > 0 && dice.oneIn(2)) {
                LogBytes.reseal(file, footer);
                chainNext(file, footer);
            }
            if (dice.oneIn(2)) {
                joinNext(name, file, footer);
            }
        }
    }

    /** Updates the predecessor stated by the next segment. */
    private void joinNext(String name, byte[] file, int footer) {
        long number = LogBytes.view(file).getLong(40);
        List<Integer> batches = LogBytes.batches(file);
        int last = batches.get(batches.size() - 1);
        for (Map.Entry<String, byte[]> entry : files.entrySet()) {
            byte[] next = entry.getValue();
            if (!entry.getKey().equals(name)
                    && LogBytes.isSegment(next)
                    && LogBytes.view(next).getLong(40) == number + 1
                    && !LogBytes.batches(next).isEmpty()) {
                int opening = LogBytes.batches(next).get(0);
                ByteBuffer view = LogBytes.view(next);
                if (opening + LogBytes.BATCH_HEADER + LogBytes.PREDECESSOR > next.length) {
                    continue;
                }
                view.putLong(opening + 64, LogBytes.salt(file));
                view.putLong(
                        opening + 72, footer > 0 ? footer : last + view(file).getInt(last + 4));
                view.putInt(opening + 80, view(file).getInt(last + 52));
                LogBytes.repairPredecessor(next, opening, LogBytes.salt(next));
            }
        }
    }

    /** Updates the previous-footer digest in the next footer, and in the ones after it, each with some probability. */
    private void chainNext(byte[] file, int footer) {
        if (footer < 0 || dice.oneIn(2)) {
            return;
        }
        long number = LogBytes.view(file).getLong(40);
        for (byte[] next : files.values()) {
            if (LogBytes.isSegment(next) && LogBytes.view(next).getLong(40) == number + 1) {
                LogBytes.chainFooters(file, footer, next);
                chainNext(next, LogBytes.footerAt(next));
                return;
            }
        }
    }

    /** Changes an end mark in one of its two slots. */
    private String endMark(byte[] file) {
        int at = LogBytes.endMark(dice.below(2));
        LogBytes.view(file).putLong(at, LogBytes.END_MARK_MAGIC);
        LogBytes.view(file).putLong(at + 8, LogBytes.salt(file));
        String what = "end mark field " + field(file, at + dice.of(List.of(0, 8, 16, 24, 32, 40)), true);
        LogBytes.repairEndMark(file, at);
        return what;
    }

    private static ByteBuffer view(byte[] file) {
        return LogBytes.view(file);
    }

    private String field(byte[] file, int at, boolean isLong) {
        if (isLong) {
            long old = view(file).getLong(at);
            view(file).putLong(at, dice.insteadOf(old));
            return at + ": " + old + " becomes " + view(file).getLong(at);
        }
        int old = view(file).getInt(at);
        view(file).putInt(at, (int) dice.insteadOf(old));
        return at + ": " + old + " becomes " + view(file).getInt(at);
    }

    private String header(byte[] file, List<Integer> batches) {
        long salt = LogBytes.salt(file);
        boolean isLong = dice.oneIn(2);
        String what = "header " + field(file, dice.of(isLong ? HEADER_LONGS : HEADER_INTS), isLong);
        LogBytes.repairHeader(file);
        if (salt != LogBytes.salt(file) && dice.oneIn(2)) {
            batches.forEach(at -> repairBatch(file, at));
            LogBytes.rechain(file);
        }
        return what;
    }

    private static void repairBatch(byte[] file, int at) {
        LogBytes.repairRecords(file, at, LogBytes.salt(file));
        LogBytes.repairPredecessor(file, at, LogBytes.salt(file));
        LogBytes.repairBatchHeader(file, at, LogBytes.salt(file));
    }

    private String batch(byte[] file, int at) {
        boolean isLong = dice.oneIn(2);
        int place = at + dice.of(isLong ? BATCH_LONGS : BATCH_INTS);
        String what = "batch field " + field(file, place, isLong);
        if (dice.oneIn(2)) {
            repairBatch(file, at);
        }
        return what;
    }

    private String predecessor(byte[] file, int at) {
        if (!LogBytes.opensSegment(file, at) || at + 88 > file.length) {
            return "nothing";
        }
        boolean isLong = dice.below(4) > 0;
        int place = at + LogBytes.BATCH_HEADER + (isLong ? dice.of(List.of(0, 8, 16)) : 24);
        String what = "predecessor " + field(file, place, isLong);
        LogBytes.repairPredecessor(file, at, LogBytes.salt(file));
        return what;
    }

    private String record(byte[] file, int at) {
        List<Integer> records = LogBytes.records(file, at);
        if (records.isEmpty()) {
            return batch(file, at);
        }
        int record = dice.of(records);
        int place = dice.of(List.of(0, 8, 16, 18, 20, 24));
        if (record + place + 8 > file.length) {
            return "nothing";
        }
        String what = "record " + record + " field " + field(file, record + place, place == 8);
        LogBytes.repairRecords(file, at, LogBytes.salt(file));
        return what;
    }

    private String footer(byte[] file, int footer) {
        int index = footer + LogBytes.FOOTER_FIXED;
        int entries = (file.length - LogBytes.TRAILER - index) / 24;
        String what;
        if (entries > 0 && dice.oneIn(3)) {
            what = "index " + field(file, index + 24 * dice.below(entries) + 8 * dice.below(3), true);
        } else if (dice.oneIn(3)) {
            what = "footer " + field(file, footer + dice.of(List.of(8, 12, 88, 92)), false);
        } else {
            what = "footer " + field(file, footer + 16 + 8 * dice.below(18), true);
        }
        LogBytes.repairFooter(file, footer);
        return what;
    }

    /** Removes, repeats or moves a batch, or inserts one of another file or log. */
    private String moveBatch(String name, byte[] file, int at, int footer) {
        int length = view(file).getInt(at + 4);
        if (length < LogBytes.BATCH_HEADER || length > file.length - at) {
            return "nothing";
        }
        byte[] batch = Arrays.copyOfRange(file, at, at + length);
        byte[] before = Arrays.copyOf(file, at);
        byte[] after = Arrays.copyOfRange(file, at + length, file.length);
        String what;
        byte[] changed;
        switch (dice.below(4)) {
            case 0 -> {
                what = "remove";
                changed = ByteChange.joined(before, after);
            }
            case 1 -> {
                what = "repeat";
                changed = ByteChange.joined(ByteChange.joined(before, batch), ByteChange.joined(batch, after));
            }
            case 2 -> {
                what = "move to the end";
                int end = footer > 0 ? footer - at - length : usedBytes(after);
                byte[] moved = ByteChange.joined(Arrays.copyOf(after, end), batch);
                changed = ByteChange.joined(
                        ByteChange.joined(before, moved), Arrays.copyOfRange(after, end, after.length));
            }
            default -> {
                what = "insert one of another file";
                byte[] rest = Arrays.copyOfRange(file, at, file.length);
                changed = ByteChange.joined(ByteChange.joined(before, foreignBatch(batch)), rest);
            }
        }
        files.put(name, changed);
        if (dice.oneIn(2)) {
            LogBytes.batches(changed).forEach(each -> repairBatch(changed, each));
            LogBytes.rechain(changed);
            int footerNow = LogBytes.footerAt(changed);
            if (footerNow > 0) {
                LogBytes.reseal(changed, footerNow);
            }
        }
        return what + " the batch at " + at;
    }

    private byte[] foreignBatch(byte[] otherwise) {
        List<byte[]> sources = other.values().stream()
                .filter(file ->
                        LogBytes.isSegment(file) && !LogBytes.batches(file).isEmpty())
                .toList();
        if (sources.isEmpty()) {
            return otherwise;
        }
        byte[] source = dice.of(sources);
        int at = dice.of(LogBytes.batches(source));
        long end = (long) at + Math.max(LogBytes.BATCH_HEADER, view(source).getInt(at + 4));
        return Arrays.copyOfRange(source, at, (int) Math.min(source.length, end));
    }

    private static int usedBytes(byte[] bytes) {
        int used = bytes.length;
        while (used > 0 && bytes[used - 1] == 0) {
            used--;
        }
        return Math.min(bytes.length, (used + 7) & ~7);
    }

    private String otherFile(byte[] file) {
        if (file.length < 24) {
            return "nothing";
        }
        boolean ours =
                LogBytes.startsWith(file, LogBytes.MARK_MAGIC) || LogBytes.startsWith(file, LogBytes.CHECKPOINT_MAGIC);
        int place = dice.oneIn(4) ? file.length - 16 : 8 * dice.below(Math.min(file.length, 64) / 8 - 1);
        String what = "field " + field(file, place, dice.oneIn(2));
        if (ours) {
            LogBytes.repairLastWord(file);
        }
        return what;
    }
}
