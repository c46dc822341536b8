package io.veloz.wal.legacy;

import org.jspecify.annotations.Nullable;

/**
 * Finds the intact entries of one file, and the next one behind damage. For one thread.
 *
 * <p>Work is bounded: an entry that turns out wrong costs its size, and large wrong ones are tried only up to a few times
 * the size of the file.
 */
final class EntryScanner {
    /** Entries up to this size are always tried; all but checkpoints are far smaller. */
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

    /** Whether a large entry was left untried. */
    boolean gaveUp() {
        return gaveUp;
    }

    /** The header at this place if magic and version are right and the payload is there with the right checksum. */
    @Nullable
    EntryHeader intactAt(long position) {
        EntryHeader entry = file.header(position);
        return entry != null && entry.isMarked() && hasPayload(entry) ? entry : null;
    }

    /** The first intact entry at or behind this place, or null if none follows in this file. */
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

    /** Whether the payload lies inside the file and has the checksum of the header. */
    boolean hasPayload(EntryHeader entry) {
        long bytes = entry.payloadBytes();
        if (entry.end() > file.size()) {
            return false;
        }
        if (bytes > SMALL_BYTES && bytes > wastedBytesAllowed) {
            gaveUp = true;
            return false;
        }
        boolean right = file.crc(entry.payloadPosition(), bytes) == entry.checksum();
        if (!right && bytes > SMALL_BYTES) {
            wastedBytesAllowed -= bytes;
        }
        return right;
    }
}
