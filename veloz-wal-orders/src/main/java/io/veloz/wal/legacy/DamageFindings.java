package io.veloz.wal.legacy;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import org.jspecify.annotations.Nullable;

/** Classifies bytes that are not an entry: data that was never acknowledged, or loss. Not thread-safe. */
final class DamageFindings {
    private static final int TAIL_ZEROS = 8;

    private final Findings findings;

    DamageFindings(Findings findings) {
        this.findings = findings;
    }

    /**
     * Reports damage between two entries.
     *
     * @param last sequence of the last entry before it
     * @param next sequence of the first entry after it
     * @return whether acknowledged entries may be lost
     */
    boolean between(LegacyFile file, long from, long until, long last, long next) {
        String place = "no valid entry in " + (until - from) + " bytes; ";
        if (next == last + 1) {
            String text = place + "no sequence is missing, so the torn write was never acknowledged";
            add(Kind.DAMAGE, Severity.UNACKNOWLEDGED, file, from, until, -1, -1, text);
            return false;
        }
        if (next <= last) {
            String text = place + "the sequence restarts at " + next + " after them";
            add(Kind.DAMAGE, Severity.DOUBTFUL, file, from, until, last + 1, -1, text);
            return true;
        }
        boolean whole = isWholeEntry(file, from, until, last + 1) && next == last + 2;
        String text = place + (whole ? "a complete entry is damaged" : "entries may be lost");
        add(Kind.DAMAGE, whole ? Severity.LOST : Severity.DOUBTFUL, file, from, until, last + 1, next - 1, text);
        return true;
    }

    /** Whether the bytes are one complete entry. With later entries after it, the entry was acknowledged. */
    private static boolean isWholeEntry(LegacyFile file, long from, long until, long sequence) {
        EntryHeader entry = file.header(from);
        return entry != null && entry.hasMagic() && entry.end() == until && entry.sequence() == sequence;
    }

    /**
     * Reports damage at the end of the log.
     *
     * @return whether acknowledged entries may be lost
     */
    boolean atEnd(LegacyFile file, long from, long last) {
        long until = file.size();
        long bytes = until - from;
        if (file.isZero(from, until)) {
            String text = bytes + " zero bytes: the file was extended, but the data was never written";
            add(Kind.ZERO_TAIL, Severity.UNACKNOWLEDGED, file, from, until, -1, -1, text);
            return false;
        }
        EntryHeader entry = file.header(from);
        if (isTorn(file, from, entry)) {
            boolean known = entry != null && entry.sequence() == last + 1;
            long sequence = known ? last + 1 : -1;
            String text = "torn write: an entry ends after " + bytes + " bytes"
                    + (entry == null ? "" : ", expected " + entry.bytes());
            add(Kind.TORN_TAIL, Severity.UNACKNOWLEDGED, file, from, until, sequence, sequence, text);
            return false;
        }
        String text = "no valid entry in the last " + bytes + " bytes; entries may be lost";
        add(Kind.DAMAGE, Severity.DOUBTFUL, file, from, until, last + 1, -1, text);
        return true;
    }

    /** Whether the bytes are one incomplete entry: the only one, and either too short or with blocks never written. */
    private static boolean isTorn(LegacyFile file, long from, @Nullable EntryHeader entry) {
        for (int i = 0; i < Math.min(4, file.size() - from); i++) {
            if (file.u8(from + i) != ((EntryHeader.MAGIC >>> (8 * i)) & 0xFF)) {
                return false;
            }
        }
        if (entry == null) {
            return true;
        }
        boolean alone = file.findMagic(from + 1) < 0;
        boolean unwritten = file.isZero(file.size() - TAIL_ZEROS, file.size());
        return entry.hasMagic() && alone && (entry.end() > file.size() || unwritten);
    }

    private void add(
            Kind kind, Severity severity, LegacyFile file, long from, long until, long first, long last, String text) {
        findings.add(new LegacyFinding(kind, severity, file.name(), from, until - from, first, last, text));
    }
}
