package io.veloz.wal.archive;

import java.time.Duration;
import java.util.List;

/**
 * What a verification found. Immutable.
 *
 * @param status what the archive says of itself
 * @param objects how many objects were looked at
 * @param bytesRead how much of their content was
 * @param problems objects that are damaged or gone
 * @param orphans objects that no slot names: harmless
 * @param full whether the content was read
 * @param took the time it took
 */
public record ArchiveReport(
        ArchiveStatus status,
        long objects,
        long bytesRead,
        List<Problem> problems,
        List<String> orphans,
        boolean full,
        Duration took) {
    public ArchiveReport {
        problems = List.copyOf(problems);
        orphans = List.copyOf(orphans);
    }

    /**
     * An object that is damaged or gone.
     *
     * @param key relative to the archive
     * @param firstSequence first record that is concerned, -1 if none is
     * @param lastSequence last record that is concerned, -1 if none is
     * @param reason what was found and what was expected
     */
    public record Problem(String key, long firstSequence, long lastSequence, String reason) {}

    /** Whether everything can be restored. */
    public boolean isSound() {
        return problems.isEmpty() && status.gaps().isEmpty();
    }
}
