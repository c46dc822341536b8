package io.veloz.wal.archive;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;

/**
 * How a log in a directory and an archive differ, and from which record on. Immutable.
 *
 * @param relation how the two relate
 * @param forkSequence the first record that differs; -1 unless the relation is {@link Relation#FORK}
 * @param localSequence the last record of the log; 0 if it has no record
 * @param archivedSequence the last record of the archive; 0 if it has no record
 * @param comparedFrom the first record that both contain; 0 if there is none, so that they cannot be compared
 * @param otherFiles whether equal records are in different files. Then a shipper may refuse the log as diverged, until {@link
 *     ArchiveRepair#log} puts the archived files in place
 */
public record ArchiveDivergence(
        Relation relation,
        long forkSequence,
        long localSequence,
        long archivedSequence,
        long comparedFrom,
        boolean otherFiles) {

    /** How a log and an archive relate. */
    public enum Relation {
        /** Both contain the same records, in the same files. */
        SAME,
        /** Both contain the same records, in different files, as after a failover and back. */
        SAME_RECORDS,
        /** The log ends before the archive. */
        BEHIND,
        /** The log contains records after the archive, which are not archived yet. */
        AHEAD,
        /** From one record on, both contain different records with the same sequences. An operator has to decide which are valid. */
        FORK,
        /** They belong to different logs. */
        OTHER_LOG,
        /** The directory does not contain a log. */
        NO_LOG
    }

    /**
     * Compares a log with an archive. Searches the last equal segment by its digests, reading some of the local files, and then
     * compares the records after it. Modifies neither, and may run while another process writes the log.
     *
     * @throws WalRestoreException if the archive or its last care record is damaged or cannot be read, or if the log has only records that are retired from
     *     the archive; see the reason
     * @throws io.veloz.wal.WalCorruptException if the log is damaged where it has to be compared
     */
    public static ArchiveDivergence of(ObjectStore store, LogFiles log) {
        return of(store, log, Retries.withBackoff());
    }

    static ArchiveDivergence of(ObjectStore store, LogFiles log, Retries retries) {
        ArchiveVerifier verifier = new ArchiveVerifier(store, retries);
        return verifier.run(() -> {
            String id = log.logId().orElse("");
            ForkSearch search = new ForkSearch(store, log, verifier.proof(), retries);
            long archived = search.archivedSequence();
            if (id.isEmpty()) {
                return new ArchiveDivergence(Relation.NO_LOG, -1, 0, archived, 0, false);
            }
            RecoveryReport local =
                    WalRecovery.inspect(ReadOptions.of(log.storage()).prefix(log.prefix()));
            if (!id.equals(search.logId())) {
                return new ArchiveDivergence(Relation.OTHER_LOG, -1, local.lastSequence(), archived, 0, false);
            }
            return search.run(local);
        });
    }

    /** Returns the first record that only the log has, or has otherwise; -1 if there is none. */
    public long localOnlyFrom() {
        return switch (relation) {
            case FORK -> forkSequence;
            case AHEAD -> archivedSequence + 1;
            default -> -1;
        };
    }

    /** Returns the first record that only the archive has, or has otherwise; -1 if there is none. */
    public long archiveOnlyFrom() {
        return switch (relation) {
            case FORK -> forkSequence;
            case BEHIND -> localSequence + 1;
            default -> -1;
        };
    }

    /** Returns how many sequences only the log has, or has otherwise. */
    public long localOnly() {
        return localOnlyFrom() < 0 ? 0 : localSequence - localOnlyFrom() + 1;
    }

    /** Returns how many sequences only the archive has, or has otherwise. */
    public long archiveOnly() {
        return archiveOnlyFrom() < 0 ? 0 : archivedSequence - archiveOnlyFrom() + 1;
    }
}
