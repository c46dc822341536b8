package io.veloz.wal.legacy;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;

/**
 * Detects entries that are present twice, and reports each run of them once. Not thread-safe.
 *
 * <p>It remembers a fingerprint of each recent entry, to distinguish a copy from another entry with the same sequence. Memory
 * is bounded, so copies of older entries are not detected.
 */
final class Duplicates {
    private static final int MAX_SLOTS = 1 << 20;

    private final Findings findings;

    /** Indexed by the low bits of the sequence. */
    private long[] fingerprints = new long[1024];

    // The current run.
    private String file = "";
    private long position;
    private long bytes;
    private long first;
    private long last;

    Duplicates(Findings findings) {
        this.findings = findings;
    }

    void remember(EntryHeader entry) {
        if (entry.sequence() >= fingerprints.length && fingerprints.length < MAX_SLOTS) {
            grow(entry.sequence());
        }
        fingerprints[slot(entry.sequence())] = fingerprint(entry);
    }

    /** Returns whether the same entry was read before. If so, adds it to the current run. */
    boolean isDuplicate(LegacyFile from, EntryHeader entry) {
        if (fingerprints[slot(entry.sequence())] != fingerprint(entry)) {
            return false;
        }
        if (bytes == 0) {
            file = from.name();
            position = entry.position();
            first = entry.sequence();
        }
        bytes = entry.end() - position;
        last = entry.sequence();
        return true;
    }

    /** Ends the current run and reports it. */
    void reportRun() {
        if (bytes > 0) {
            String text = "copies of entries that were already read; skipped";
            findings.add(new LegacyFinding(Kind.DUPLICATE, Severity.NOTE, file, position, bytes, first, last, text));
            bytes = 0;
        }
    }

    private void grow(long sequence) {
        long[] old = fingerprints;
        int slots = old.length;
        while (slots < MAX_SLOTS && slots <= sequence) {
            slots *= 2;
        }
        fingerprints = new long[slots];
        // Until now, each sequence was its own slot.
        System.arraycopy(old, 0, fingerprints, 0, old.length);
    }

    private int slot(long sequence) {
        return (int) (sequence & (fingerprints.length - 1));
    }

    /** Combines everything that two copies of an entry have in common. The checksum represents the payload. */
    private static long fingerprint(EntryHeader entry) {
        long print = mix(entry.sequence()) ^ entry.timestampNanos();
        print = mix(print) ^ (entry.payloadBytes() << 8) ^ entry.type();
        return (mix(print) ^ Integer.toUnsignedLong(entry.checksum())) | 1;
    }

    private static long mix(long value) {
        long mixed = (value ^ (value >>> 33)) * 0xFF51AFD7ED558CCDL;
        return mixed ^ (mixed >>> 29);
    }
}
