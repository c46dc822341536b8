package io.veloz.wal.archive.internal.index;

import java.util.Arrays;

/**
 * Collects the hashes of the keys in one segment, each with the first record that has it. Not thread-safe.
 *
 * <p><b>Memory.</b> 12 bytes for each of two to four places for a key; one half more while it grows. So 100,000 different keys take 3 MB
 * (5 MB while it grows), and {@link #MAX_KEYS} take 50 MB (75 MB).
 *
 * <p>A hash table with linear probing, in which the place of a hash is its beginning. So the table is almost in order, and sorting it
 * moves few entries by few places.
 */
final class KeyTable {
    /** Limit of the different keys, which bounds the memory. A segment with more is not indexed. */
    static final int MAX_KEYS = 2 * 1024 * 1024;

    /** The highest distance of a record from the first one of its index: a mark is one higher, and unsigned. */
    static final long MAX_OFFSET = 0xFFFF_FFFEL;

    private static final int FIRST_BITS = 12;

    /** The highest distance from the place of a hash, and the number of places after the last one by hash. */
    private static final int SPARE = 1024;

    private static final int LARGEST_BITS = 22;

    private final long firstSequence;
    private final int maxKeys;
    private int bits;
    private long[] hashes;

    /** Offsets plus 1; 0 in an unused place. */
    private int[] marks;

    private int count;

    KeyTable(long firstSequence) {
        this(firstSequence, MAX_KEYS);
    }

    KeyTable(long firstSequence, int maxKeys) {
        this.firstSequence = firstSequence;
        this.maxKeys = maxKeys;
        this.bits = FIRST_BITS;
        this.hashes = new long[(1 << bits) + SPARE];
        this.marks = new int[(1 << bits) + SPARE];
    }

    /**
     * Adds a key of a record. Records are added in the order of their sequences.
     *
     * @return false if there are too many different keys
     */
    boolean add(long hash, long sequence) {
        long offset = sequence - firstSequence;
        if (offset > MAX_OFFSET) {
            return false;
        }
        int place = place(hash);
        while (place < 0 || (marks[place] == 0 && count >= (1 << bits) / 2)) {
            if (count >= maxKeys || !grow()) {
                return false;
            }
            place = place(hash);
        }
        if (marks[place] == 0) {
            if (count == maxKeys) {
                return false;
            }
            hashes[place] = hash;
            marks[place] = (int) (offset + 1);
            count++;
        }
        return true;
    }

    /** Returns the place of a hash, or the unused one for it; -1 if none is near. */
    private int place(long hash) {
        int at = (int) (hash >>> (Long.SIZE - bits));
        int end = at + SPARE;
        while (at < end && marks[at] != 0 && hashes[at] != hash) {
            at++;
        }
        return at < end ? at : -1;
    }

    /** Returns false if the table cannot grow. Then it must not be used any more. */
    private boolean grow() {
        long[] oldHashes = hashes;
        int[] oldMarks = marks;
        while (bits < LARGEST_BITS) {
            bits++;
            hashes = new long[(1 << bits) + SPARE];
            marks = new int[(1 << bits) + SPARE];
            if (addAll(oldHashes, oldMarks)) {
                return true;
            }
        }
        return false;
    }

    /** Returns false if a hash has no place, which needs hashes that are not spread evenly. */
    private boolean addAll(long[] oldHashes, int[] oldMarks) {
        for (int i = 0; i < oldMarks.length; i++) {
            if (oldMarks[i] != 0) {
                int place = place(oldHashes[i]);
                if (place < 0) {
                    return false;
                }
                hashes[place] = oldHashes[i];
                marks[place] = oldMarks[i];
            }
        }
        return true;
    }

    /** Returns the entries in order. The table must not be used afterwards. */
    IndexEntries sorted() {
        int used = 0;
        for (int i = 0; i < marks.length; i++) {
            if (marks[i] != 0) {
                long hash = hashes[i];
                int mark = marks[i];
                int at = used++;
                for (; at > 0 && Long.compareUnsigned(hashes[at - 1], hash) > 0; at--) {
                    hashes[at] = hashes[at - 1];
                    marks[at] = marks[at - 1];
                }
                hashes[at] = hash;
                marks[at] = mark;
            }
        }
        return new Sorted(Arrays.copyOf(hashes, used), Arrays.copyOf(marks, used), firstSequence);
    }

    /** Entries in arrays that nothing changes any more. */
    private static final class Sorted implements IndexEntries {
        private final long[] hashes;
        private final int[] marks;
        private final long firstSequence;

        Sorted(long[] hashes, int[] marks, long firstSequence) {
            this.hashes = hashes;
            this.marks = marks;
            this.firstSequence = firstSequence;
        }

        @Override
        public long count() {
            return hashes.length;
        }

        @Override
        public Cursor open() {
            return new Cursor() {
                private int at = -1;

                @Override
                public boolean next() {
                    at++;
                    return at < hashes.length;
                }

                @Override
                public long hash() {
                    return hashes[at];
                }

                @Override
                public long sequence() {
                    return firstSequence + Integer.toUnsignedLong(marks[at]) - 1;
                }
            };
        }
    }
}
