package io.veloz.wal.legacy;

/**
 * The engine's counters after a replay. Immutable.
 *
 * <p>The engine counts entries written, bytes written, rotations and checkpoints only while it writes. They are 0 after a
 * replay.
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
