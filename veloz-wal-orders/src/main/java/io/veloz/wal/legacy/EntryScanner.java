package io.veloz.wal.legacy;

import org.jspecify.annotations.Nullable;

/**
 * Finds the intact entries of one file, and the next intact entry after damage. Not thread-safe.
 *
 * <p>The work is bounded: checking a candidate costs its size, and large candidates are checked only until the bytes of
 * failed checks exceed a small multiple of the size of the file.
 */
final class EntryScanner {
    /** Entries up to this size are always checked. All entries except checkpoints are much smaller. */
    private static final long SMALL_BYTES = 4096;

    private final LegacyFile file;
    private long wastedBytesAllowed;
    private boolean gaveUp;

    EntryScanner(LegacyFile file) {
        this.file = file;
        this.wastedBytesAllowed = 4 * file.size() + (16 << 20);
    }

    LegacyFile file() {
        return file;
    }

    /** Whether a large candidate was not checked. */
    boolean gaveUp() {
        return gaveUp;
    }

    /** Returns the header at a position if its magic and version are valid and its payload is present and intact. */
    @Nullable
    EntryHeader intactAt(long position) {
        EntryHeader entry = file.header(position);
        return entry != null && entry.hasMagic() && hasPayload(entry) ? entry : null;
    }

    /** Returns the first intact entry at or after a position, or null if none follows in this file. */
    @Nullable
    EntryHeader nextIntact(long from) {
        long position = file.findMagic(from);
        while (position >= 0) {
            EntryHeader entry = intactAt(position);
            if (entry != null) {
                return entry;
            }
            position = file.findMagic(position + 1);
        }
        return null;
    }

    /** Whether the payload lies within the file and matches the checksum in the header. */
    boolean hasPayload(EntryHeader entry) {
        long bytes = entry.payloadBytes();
        if (entry.end() > file.size()) {
            return false;
        }
        if (bytes > SMALL_BYTES && bytes > wastedBytesAllowed) {
            gaveUp = true;
            return false;
        }
        boolean matches = file.crc(entry.payloadPosition(), bytes) == entry.checksum();
        if (!matches && bytes > SMALL_BYTES) {
            wastedBytesAllowed -= bytes;
        }
        return matches;
    }
}
