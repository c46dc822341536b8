package io.veloz.wal.archive;

import io.veloz.wal.SalvageReport;
import io.veloz.wal.archive.ArchiveReport.Problem;
import java.util.List;

/** The result of the salvage of an archive. Immutable. */
public final class ArchiveSalvageReport {
    private final SalvageReport log;
    private final int segments;
    private final int tails;
    private final long checkpointSequence;
    private final List<Problem> problems;
    private final List<String> notes;

    ArchiveSalvageReport(
            SalvageReport log,
            int segments,
            int tails,
            long checkpointSequence,
            List<Problem> problems,
            List<String> notes) {
        this.log = log;
        this.segments = segments;
        this.tails = tails;
        this.checkpointSequence = checkpointSequence;
        this.problems = List.copyOf(problems);
        this.notes = List.copyOf(notes);
    }

    /** Returns whether no record that the archive shows is lost. Only a restore can prove that it shows all records. */
    public boolean isWithoutLoss() {
        return problems.isEmpty() && log.lost().isEmpty();
    }

    /** Returns the records of the new log, and those that are lost. */
    public SalvageReport log() {
        return log;
    }

    /** Returns the number of segments that were copied from objects. */
    public int segments() {
        return segments;
    }

    /** Returns the number of tails that were used for segments without an object. */
    public int tails() {
        return tails;
    }

    /** Returns the last record that the checkpoint of the new log covers; 0 if it has no checkpoint. */
    public long checkpointSequence() {
        return checkpointSequence;
    }

    /** Returns the objects that are damaged or missing, and versions of the same records that contradict each other. */
    public List<Problem> problems() {
        return problems;
    }

    /** Returns what was found and is no loss, such as parts of segments whose upload was cut. */
    public List<String> notes() {
        return notes;
    }

    /** Returns the values in one line, for logs and incident reports. The format may change. */
    @Override
    public String toString() {
        return "salvaged " + (isWithoutLoss() ? "without loss" : "with losses") + " from " + segments + " segments and "
                + tails + " tails, checkpoint " + checkpointSequence + ", problems " + problems + ", notes " + notes
                + ", " + log;
    }
}
