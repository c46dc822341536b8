package io.veloz.wal.legacy;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;

/** Recognises entries that are there twice, and tells each run of them once. For one thread. */
final class Duplicates {
    private final Findings findings;
    private final SeenEntries seen = new SeenEntries();
    private String file = "";
    private long position;
    private long bytes;
    private long first;
    private long last;

    Duplicates(Findings findings) {
        this.findings = findings;
    }

    void remember(EntryHeader entry) {
        seen.add(entry);
    }

    /** Whether the same entry was taken before; if so it is part of the present run. */
    boolean isOne(LegacyFile from, EntryHeader entry) {
        if (!seen.contains(entry)) {
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

    /** Ends the present run. */
    void tell() {
        if (bytes > 0) {
            String text = "the same entries were read before; skipped";
            findings.add(new LegacyFinding(Kind.DUPLICATE, Severity.NOTE, file, position, bytes, first, last, text));
            bytes = 0;
        }
    }
}
