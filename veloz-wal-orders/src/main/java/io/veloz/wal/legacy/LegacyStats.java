package io.veloz.wal.legacy;

/**
 * The engine's counters after a replay. Immutable.
 *
 * <p>The engine counts entries written, bytes written, rotations and checkpoints only while it writes; a replay leaves
 * them 0.
 */
public record LegacyStats(
        long entriesWritten,
        long entriesReplayed,
        long bytesWritten,
        long bytesReplayed,
        long rotations,
        long checkpoints,
        long corruptedEntries,
        long currentSequence) {

    static LegacyStats replayed(long entries, long bytes, long corrupted, long currentSequence) {
        return new LegacyStats(0, entries, 0, bytes, 0, 0, corrupted, currentSequence);
    }
}
