package io.veloz.wal.archive;

import io.veloz.wal.SalvageReport;
import io.veloz.wal.archive.ArchiveReport.Problem;
import java.util.List;

/**
 * What a salvage of an archive brought over. Immutable.
 *
 * @param log the records of the new log, and those that are lost
 * @param segments how many segments came from objects
 * @param tails how many tails were used where a segment has no object
 * @param checkpointSequence the checkpoint in the new log covers every record up to this one; 0 if there is none
 * @param problems objects that were damaged or missing, and versions of the same records that contradict each other
 */
public record ArchiveSalvageReport(
        SalvageReport log, int segments, int tails, long checkpointSequence, List<Problem> problems) {
    public ArchiveSalvageReport {
        problems = List.copyOf(problems);
    }

    /** Whether no record that the archive shows is lost. Whether it shows all of them, only a restore can prove. */
    public boolean isWithoutLoss() {
        return problems.isEmpty() && log.lost().isEmpty();
    }
}
