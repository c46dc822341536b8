package io.veloz.wal.legacy;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Proves what a damaged header said, from what stands around it: the checksum covers the payload only, so that damage to
 * the rest of the header shows nowhere else. What cannot be proved is left alone. For one thread.
 */
final class HeaderRepair {
    private final Findings findings;

    HeaderRepair(Findings findings) {
        this.findings = findings;
    }

    /** An entry whose magic or version is damaged, if all else agrees: size, checksum, sequence, and it reads. */
    @Nullable
    EntryHeader withMarks(EntryScanner scanner, long position, long expected) {
        EntryHeader entry = scanner.file().header(position);
        boolean proved = entry != null
                && !entry.isMarked()
                && entry.sequence() == expected
                && scanner.hasPayload(entry)
                && EntryDecoder.typeOf(scanner.file(), entry) != 0;
        if (entry == null || !proved) {
            return null;
        }
        String text = String.format(
                Locale.ROOT,
                "magic 0x%08x, version %d; expected 0x%08x, %d; all else agrees, taken",
                entry.magic(),
                entry.version(),
                EntryHeader.MAGIC,
                EntryHeader.VERSION);
        findings.add(Kind.HEADER_REPAIRED, Severity.NOTE, scanner.file(), entry, expected, text);
        return entry;
    }

    /** An entry whose payload size is damaged, if up to {@code end} the bytes have just the checksum of the header. */
    @Nullable
    EntryHeader withSize(EntryScanner scanner, long position, long end) {
        LegacyFile file = scanner.file();
        EntryHeader entry = file.header(position);
        if (entry == null || !entry.isMarked() || end <= entry.payloadPosition()) {
            return null;
        }
        EntryHeader resized = entry.withPayloadBytes(end - entry.payloadPosition());
        if (file.crc(resized.payloadPosition(), resized.payloadBytes()) != entry.checksum()) {
            return null;
        }
        String text = "payload size " + entry.payloadBytes() + ", expected " + resized.payloadBytes()
                + ": with that the checksum is right, taken";
        findings.add(Kind.HEADER_REPAIRED, Severity.NOTE, file, resized, entry.sequence(), text);
        return resized;
    }

    /** The sequence that an entry really has: the expected one, if the entry behind it goes on from there. */
    long sequenceOf(LegacyFile file, EntryHeader entry, long expected, long next) {
        boolean impossible = entry.sequence() <= 0;
        if (entry.sequence() == expected || (!impossible && next != expected + 1)) {
            return entry.sequence();
        }
        String proof = next == expected + 1 ? "the next entry has " + next : "there is no such sequence";
        String text = "sequence " + Long.toUnsignedString(entry.sequence()) + ", expected " + expected + "; " + proof;
        Severity severity = next == expected + 1 ? Severity.NOTE : Severity.DOUBTFUL;
        findings.add(Kind.HEADER_REPAIRED, severity, file, entry, expected, text);
        return expected;
    }

    /** The time that an entry really has, give or take: its neighbours' if they agree and it lies outside of both. */
    long nanosOf(LegacyFile file, EntryHeader entry, long before, long after) {
        long nanos = entry.timestampNanos();
        boolean hasBefore = isSensible(before);
        boolean hasAfter = isSensible(after);
        if (!hasBefore && !hasAfter) {
            return nanos;
        }
        boolean fits;
        if (hasBefore && hasAfter) {
            boolean clockSteppedBack = before > after;
            fits = clockSteppedBack || (nanos >= before && nanos <= after);
        } else {
            fits = isSensible(nanos) && (hasBefore || nanos <= after);
        }
        if (fits) {
            return nanos;
        }
        long taken = hasBefore ? before : after;
        String text =
                "time " + nanos + " is not between its neighbours' " + before + " and " + after + "; taken as " + taken;
        findings.add(Kind.HEADER_REPAIRED, Severity.NOTE, file, entry, entry.sequence(), text);
        return taken;
    }

    private static boolean isSensible(long nanos) {
        return nanos >= EntryDecoder.FIRST_SENSIBLE_NANOS && nanos <= EntryDecoder.LAST_SENSIBLE_NANOS;
    }
}
