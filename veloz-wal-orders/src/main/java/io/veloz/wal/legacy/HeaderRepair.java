package io.veloz.wal.legacy;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Repairs damaged headers if the adjacent entries prove the original content. The checksum covers the payload only, so it
 * does not detect damage to the header. A value that cannot be proved is left unchanged. Not thread-safe.
 */
final class HeaderRepair {
    private final Findings findings;

    HeaderRepair(Findings findings) {
        this.findings = findings;
    }

    /** Returns an entry with a damaged magic or version if its size, checksum, sequence and payload are valid, else null. */
    @Nullable
    EntryHeader withDamagedMagic(EntryScanner scanner, long position, long expected) {
        EntryHeader entry = scanner.file().header(position);
        boolean proved = entry != null
                && !entry.hasMagic()
                && entry.sequence() == expected
                && scanner.hasPayload(entry)
                && EntryDecoder.typeOf(scanner.file(), entry) != 0;
        if (entry == null || !proved) {
            return null;
        }
        String text = String.format(
                Locale.ROOT,
                "magic 0x%08x, version %d; expected 0x%08x, %d; all other fields are valid, repaired",
                entry.magic(),
                entry.version(),
                EntryHeader.MAGIC,
                EntryHeader.VERSION);
        findings.add(Kind.HEADER_REPAIRED, Severity.NOTE, scanner.file(), entry, expected, text);
        return entry;
    }

    /** Returns an entry with a damaged payload size if the bytes up to {@code end} match its checksum, else null. */
    @Nullable
    EntryHeader withDamagedSize(EntryScanner scanner, long position, long end) {
        LegacyFile file = scanner.file();
        EntryHeader entry = file.header(position);
        if (entry == null || !entry.hasMagic() || end <= entry.payloadPosition()) {
            return null;
        }
        EntryHeader resized = entry.withPayloadBytes(end - entry.payloadPosition());
        if (file.crc(resized.payloadPosition(), resized.payloadBytes()) != entry.checksum()) {
            return null;
        }
        String text = "payload size " + entry.payloadBytes() + ", expected " + resized.payloadBytes()
                + ", which matches the checksum; repaired";
        findings.add(Kind.HEADER_REPAIRED, Severity.NOTE, file, resized, entry.sequence(), text);
        return resized;
    }

    /** Returns the actual sequence of an entry: the expected one, if the next entry has the sequence after it. */
    long sequenceOf(LegacyFile file, EntryHeader entry, long expected, long next) {
        boolean impossible = entry.sequence() <= 0;
        if (entry.sequence() == expected || (!impossible && next != expected + 1)) {
            return entry.sequence();
        }
        String proof = next == expected + 1 ? "the next entry has " + next : "the sequence is invalid";
        String text = "sequence " + Long.toUnsignedString(entry.sequence()) + ", expected " + expected + ": " + proof
                + "; repaired";
        Severity severity = next == expected + 1 ? Severity.NOTE : Severity.DOUBTFUL;
        findings.add(Kind.HEADER_REPAIRED, severity, file, entry, expected, text);
        return expected;
    }

    /** Returns the approximate time of an entry: that of an adjacent entry, if its own is not between the two. */
    long nanosOf(LegacyFile file, EntryHeader entry, long before, long after) {
        long nanos = entry.timestampNanos();
        boolean hasBefore = isPlausible(before);
        boolean hasAfter = isPlausible(after);
        if (!hasBefore && !hasAfter) {
            return nanos;
        }
        boolean consistent;
        if (hasBefore && hasAfter) {
            boolean clockSteppedBack = before > after;
            consistent = clockSteppedBack || (nanos >= before && nanos <= after);
        } else {
            consistent = isPlausible(nanos) && (hasBefore || nanos <= after);
        }
        if (consistent) {
            return nanos;
        }
        long repaired = hasBefore ? before : after;
        String text = "time " + nanos + " is not between the times " + before + " and " + after
                + " of the adjacent entries; repaired to " + repaired;
        findings.add(Kind.HEADER_REPAIRED, Severity.NOTE, file, entry, entry.sequence(), text);
        return repaired;
    }

    private static boolean isPlausible(long nanos) {
        return nanos >= EntryDecoder.FIRST_PLAUSIBLE_NANOS && nanos <= EntryDecoder.LAST_PLAUSIBLE_NANOS;
    }
}
