package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalReader;

/** Compares records. Two copies of a log that are opened independently have other heartbeats and footers around equal records. */
public final class SameRecords {
    private SameRecords() {}

    /**
     * Compares the records that two readers both return. Records that only one of them returns are skipped, as a salvage skips
     * damaged ones.
     *
     * @return the first sequence with different records; -1 if there is none
     */
    static long firstDifference(ReadOptions one, ReadOptions other) {
        try (WalReader mine = WalReader.open(one);
                WalReader theirs = WalReader.open(other)) {
            boolean more = mine.next();
            while (more && theirs.next()) {
                while (more && mine.sequence() < theirs.sequence()) {
                    more = mine.next();
                }
                if (more && mine.sequence() == theirs.sequence() && !isSame(mine, theirs)) {
                    return theirs.sequence();
                }
            }
            return -1;
        }
    }

    /** Returns the first record that one reader returns, and the other does not; -1 if there is none. */
    static long firstMissing(ReadOptions one, ReadOptions other) {
        try (WalReader mine = WalReader.open(one);
                WalReader theirs = WalReader.open(other)) {
            boolean more = theirs.next();
            while (mine.next()) {
                while (more && theirs.sequence() < mine.sequence()) {
                    more = theirs.next();
                }
                if (!more || theirs.sequence() != mine.sequence()) {
                    return mine.sequence();
                }
            }
            return -1;
        }
    }

    /** Returns whether the current records of two readers are equal in everything that a replay returns. */
    public static boolean isSame(WalReader one, WalReader other) {
        return one.sequence() == other.sequence()
                && one.type() == other.type()
                && one.timestampNanos() == other.timestampNanos()
                && one.groupContinues() == other.groupContinues()
                && one.payload().equals(other.payload());
    }
}
