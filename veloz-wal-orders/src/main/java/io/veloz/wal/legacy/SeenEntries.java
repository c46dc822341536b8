package io.veloz.wal.legacy;

/**
 * Remembers the last entries, to tell an entry that is there twice from another one with the same sequence. Memory is
 * bounded: of the oldest ones nothing is known any more. For one thread.
 */
final class SeenEntries {
    private static final int MAX_SLOTS = 1 << 20;

    private long[] prints = new long[1024];

    void add(EntryHeader entry) {
        if (entry.sequence() >= prints.length && prints.length < MAX_SLOTS) {
            grow(entry.sequence());
        }
        prints[slot(entry.sequence())] = print(entry);
    }

    boolean contains(EntryHeader entry) {
        return prints[slot(entry.sequence())] == print(entry);
    }

    private void grow(long sequence) {
        long[] old = prints;
        int slots = old.length;
        while (slots < MAX_SLOTS && slots <= sequence) {
            slots *= 2;
        }
        prints = new long[slots];
        // Before it grew, a sequence was its own slot.
        System.arraycopy(old, 0, prints, 0, old.length);
    }

    private int slot(long sequence) {
        return (int) (sequence & (prints.length - 1));
    }

    /** Everything that two copies of an entry share; the checksum stands for the payload. */
    private static long print(EntryHeader entry) {
        long print = mix(entry.sequence()) ^ entry.timestampNanos();
        print = mix(print) ^ (entry.payloadBytes() << 8) ^ entry.type();
        return (mix(print) ^ Integer.toUnsignedLong(entry.checksum())) | 1;
    }

    private static long mix(long value) {
        long mixed = (value ^ (value >>> 33)) * 0xFF51AFD7ED558CCDL;
        return mixed ^ (mixed >>> 29);
    }
}
