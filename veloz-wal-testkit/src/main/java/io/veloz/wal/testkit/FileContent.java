package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** A file as it is on disk and in the page cache, with the pending changes between the two. Guarded by its storage. */
final class FileContent {
    private byte[] durable = new byte[0];
    private byte[] cached = new byte[0];
    private final List<Change> pending = new ArrayList<>();

    /** A write or a truncation. */
    private static final class Change {
        final long serial;
        final int position;
        final byte[] bytes;
        final boolean truncates;

        Change(long serial, int position, byte[] bytes, boolean truncates) {
            this.serial = serial;
            this.position = position;
            this.bytes = bytes;
            this.truncates = truncates;
        }

        byte[] applyTo(byte[] content) {
            if (truncates) {
                return position < content.length ? Arrays.copyOf(content, position) : content;
            }
            int end = position + bytes.length;
            byte[] result = end > content.length ? Arrays.copyOf(content, end) : content.clone();
            System.arraycopy(bytes, 0, result, position, bytes.length);
            return result;
        }

        int sizeAfter(int size) {
            return truncates ? Math.min(size, position) : Math.max(size, position + bytes.length);
        }
    }

    FileContent copy() {
        FileContent copy = new FileContent();
        copy.durable = durable;
        copy.cached = cached.clone();
        copy.pending.addAll(pending);
        return copy;
    }

    /** Returns a durable file. */
    static FileContent of(byte[] bytes) {
        FileContent content = new FileContent();
        content.durable = bytes;
        content.cached = bytes.clone();
        return content;
    }

    byte[] cached() {
        return cached;
    }

    void write(long serial, long position, byte[] bytes) {
        int at = Math.toIntExact(position);
        int end = at + bytes.length;
        if (end > cached.length) {
            cached = Arrays.copyOf(cached, end);
        }
        System.arraycopy(bytes, 0, cached, at, bytes.length);
        pending.add(new Change(serial, at, bytes, false));
    }

    void truncate(long serial, long size) {
        if (size < cached.length) {
            Change change = new Change(serial, Math.toIntExact(size), new byte[0], true);
            cached = change.applyTo(cached);
            pending.add(change);
        }
    }

    /** Makes all changes up to a serial durable. */
    void force(long upTo) {
        for (Change change : takeUpTo(upTo)) {
            durable = change.applyTo(durable);
        }
    }

    private List<Change> takeUpTo(long upTo) {
        List<Change> taken =
                pending.stream().filter(change -> change.serial <= upTo).toList();
        pending.removeAll(taken);
        return taken;
    }

    /** Fails a force: part of the changes reach the disk, and the rules determine the fate of the rest. */
    void failForce(long upTo, Chance chance, DiskRules rules) {
        List<Change> tried =
                pending.stream().filter(change -> change.serial <= upTo).toList();
        durable = new Survivors(durable, tried, chance, rules, List.of()).bytes();
        switch (rules.failedForce()) {
            case LOST -> pending.removeAll(tried);
            case REVERTED -> {
                pending.removeAll(tried);
                dropPageCache();
            }
            case DIRTY -> {
                // The changes stay where they are.
            }
        }
    }

    /** Discards clean pages: later reads return the bytes on disk and the changes that are still dirty. */
    void dropPageCache() {
        cached = durable.clone();
        for (Change change : pending) {
            cached = change.applyTo(cached);
        }
    }

    /**
     * Returns the content after a power cut.
     *
     * @param others files from which garbage can be taken, besides noise
     */
    byte[] afterPowerCut(Chance chance, DiskRules rules, List<byte[]> others) {
        return new Survivors(durable, pending, chance, rules, others).bytes();
    }

    byte[] durable() {
        return durable;
    }

    void flipBit(long position, int bit) {
        int at = Math.toIntExact(position);
        durable = durable.clone();
        if (at < durable.length) {
            durable[at] ^= (byte) (1 << bit);
        }
        cached[at] ^= (byte) (1 << bit);
    }

    /** Selects, unit by unit, the volatile changes that survive. */
    private static final class Survivors {
        private final byte[] durable;
        private final List<Change> changes;
        private final Chance chance;
        private final DiskRules rules;
        private final List<byte[]> others;
        private final BitSet dirty = new BitSet();
        private final int largest;

        Survivors(byte[] durable, List<Change> changes, Chance chance, DiskRules rules, List<byte[]> others) {
            this.durable = durable;
            this.changes = changes;
            this.chance = chance;
            this.rules = rules;
            this.others = others;
            int max = durable.length;
            for (Change change : changes) {
                int end = change.truncates ? max : change.position + change.bytes.length;
                dirty.set(Math.min(change.position, end), end);
                max = Math.max(max, end);
            }
            this.largest = max;
        }

        byte[] bytes() {
            return changes.isEmpty()
                    ? durable
                    : switch (chance.cut()) {
                        case NOTHING -> durable;
                        case EVERYTHING -> version(changes.size());
                        case PREFIX -> prefix();
                        case UNITS, DAMAGE -> units();
                    };
        }

        private byte[] version(int count) {
            byte[] result = durable;
            for (Change change : changes.subList(0, count)) {
                result = change.applyTo(result);
            }
            return result;
        }

        /** Returns some complete changes and a prefix of the next one, as if the disk wrote in order. */
        private byte[] prefix() {
            int whole = chance.below(changes.size() + 1);
            byte[] result = version(whole);
            if (whole < changes.size() && !changes.get(whole).truncates) {
                Change torn = changes.get(whole);
                byte[] part = Arrays.copyOf(torn.bytes, chance.below(torn.bytes.length + 1));
                result = new Change(0, torn.position, part, false).applyTo(result);
                // The size can be updated before the bytes are.
                int size = chance.coin() ? Math.max(result.length, torn.sizeAfter(0)) : result.length;
                result = Arrays.copyOf(result, size);
            }
            return result;
        }

        private byte[] units() {
            byte[] result = Arrays.copyOf(durable, largest);
            int unit = rules.unitBytes();
            for (int from = 0; from < largest; from += unit) {
                int to = Math.min(largest, from + unit);
                int next = dirty.nextSetBit(from);
                if (next >= 0 && next < to) {
                    writeUnit(result, from, to);
                }
            }
            return Arrays.copyOf(result, size());
        }

        private int size() {
            int[] sizes = new int[changes.size() + 1];
            sizes[0] = durable.length;
            for (int i = 0; i < changes.size(); i++) {
                sizes[i + 1] = changes.get(i).sizeAfter(sizes[i]);
            }
            return sizes[chance.coin() ? sizes.length - 1 : chance.below(sizes.length)];
        }

        private void writeUnit(byte[] result, int from, int to) {
            byte[] unit =
                    Arrays.copyOf(version(chance.coin() ? changes.size() : chance.below(changes.size())), largest);
            if (chance.cut() == Chance.Cut.DAMAGE && chance.below(3) == 0) {
                damage(unit, from, to);
            }
            for (int i = from; i < to; i++) {
                if (dirty.get(i) || !rules.powersafe()) {
                    result[i] = unit[i];
                }
            }
        }

        private void damage(byte[] unit, int from, int to) {
            switch (chance.below(4)) {
                case 0 -> Arrays.fill(unit, from, to, (byte) 0);
                case 1 -> chance.fill(unit, from, to);
                case 2 -> {
                    // A torn write: the rest has its old content.
                    int tear = from + chance.below(to - from);
                    byte[] old = Arrays.copyOf(durable, largest);
                    System.arraycopy(old, tear, unit, tear, to - tear);
                }
                default -> {
                    // Old bytes of another file, from the same position.
                    byte[] other = others.isEmpty() ? new byte[0] : others.get(chance.below(others.size()));
                    System.arraycopy(Arrays.copyOf(other, largest), from, unit, from, to - from);
                }
            }
        }
    }
}
