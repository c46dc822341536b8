package io.veloz.wal.backup;

/** Receives the progress of a backup, on the thread that runs it. An exception from it ends the backup. */
public interface BackupProgress {
    /** Does nothing. */
    BackupProgress NONE = new BackupProgress() {};

    /** A kind is being read. */
    default void onKind(Kind kind) {}

    /**
     * Content was encrypted and spooled or stored.
     *
     * @param plainBytes of this kind so far, before encryption
     */
    default void onBytes(Kind kind, long plainBytes) {}

    /** Everything is stored; the backup waits until the log is archived. */
    default void onWaitingForArchive(long upTo, long archivedSequence) {}
}
