package io.veloz.wal.archive;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.store.ObjectStore;
import java.time.Instant;
import java.util.List;

/**
 * What an archive says of itself, proven from slot to slot. Immutable.
 *
 * @param archive its URI
 * @param logId 32 hex digits
 * @param prefix of the log's file names
 * @param created when, by its first writer's clock
 * @param tip the number of its last slot; 0 if there is none
 * @param epoch the term of office of its last writer
 * @param writer 32 hex digits that tell that term from every other
 * @param host where that writer ran
 * @param lastWritten when it last wrote, by its clock
 * @param firstSequence with which the archive begins
 * @param archivedSequence the last record in it, 0 if there is none
 * @param segments how many sealed segments it has
 * @param segmentObjectBytes what they take in the store
 * @param segmentFileBytes what they are as files
 * @param tails how many tails count
 * @param tailBytes what they are as part of a file
 * @param checkpointSequence the newest checkpoint covers every record up to this one; 0 if there is none
 * @param slotsRead how many slots were read for it
 * @param strays how many slots do not count: harmless
 * @param gaps records that are missing, declared or not
 */
public record ArchiveStatus(
        String archive,
        String logId,
        String prefix,
        Instant created,
        long tip,
        long epoch,
        String writer,
        String host,
        Instant lastWritten,
        long firstSequence,
        long archivedSequence,
        int segments,
        long segmentObjectBytes,
        long segmentFileBytes,
        int tails,
        long tailBytes,
        long checkpointSequence,
        long slotsRead,
        long strays,
        List<LostRange> gaps) {
    public ArchiveStatus {
        gaps = List.copyOf(gaps);
    }

    /**
     * Reads the ship log.
     *
     * @throws WalRestoreException if it is not whole, or cannot be read; its reason says what to do
     */
    public static ArchiveStatus of(ObjectStore store) {
        return new ArchiveVerifier(store).status();
    }
}
