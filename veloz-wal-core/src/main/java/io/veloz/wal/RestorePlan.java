package io.veloz.wal;

import java.time.Instant;
import java.util.List;

/**
 * What an archive was proven to hold, and what a restore fetches of it. Immutable.
 *
 * @param archive its URI
 * @param logId 32 hex digits: the log that was archived
 * @param firstSequence with which the archive begins
 * @param lastSequence the last record that the restore brings back, as far as is known before the records are read; 0 if
 *     there is none. Up to a sequence it is that one, or a little more if an atomic group is cut. Up to a time it is an upper
 *     bound, the end of the segment that holds the time
 * @param archivedSequence the last record of the archive
 * @param epoch the term of office of its last writer
 * @param writerHost where that writer ran
 * @param lastWritten when it last wrote, by its clock
 * @param slots how many slots prove it
 * @param segments how many sealed segments are fetched
 * @param tails how many tails are fetched
 * @param checkpointSequence the checkpoint that comes along covers every record up to this one; 0 if there is none
 * @param objectBytes what is read from the store, without tails
 * @param fileBytes what that is as files
 * @param neededBytes room that is needed on the disk
 * @param newLog whether the result is a new log with an id of its own
 * @param gaps records in the wanted range that the archive does not have
 * @param strays slots that are there and do not count, as messages call them: harmless
 */
public record RestorePlan(
        String archive,
        String logId,
        long firstSequence,
        long lastSequence,
        long archivedSequence,
        long epoch,
        String writerHost,
        Instant lastWritten,
        long slots,
        int segments,
        int tails,
        long checkpointSequence,
        long objectBytes,
        long fileBytes,
        long neededBytes,
        boolean newLog,
        List<LostRange> gaps,
        List<String> strays) {
    public RestorePlan {
        gaps = List.copyOf(gaps);
        strays = List.copyOf(strays);
    }
}
