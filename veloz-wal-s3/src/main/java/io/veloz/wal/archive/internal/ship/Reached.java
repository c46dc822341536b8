package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot.Archived;

/** Is told how far shipping has got. Called by the thread that ships. */
public interface Reached {
    /** The archive is ours to write. */
    void inOffice(long epoch, Archived archived);

    /**
     * The archive reaches so far.
     *
     * @param letsGo records up to this one the log need not keep for the archive
     */
    void archived(Archived archived, long letsGo);

    /**
     * So much is not archived yet.
     *
     * @param bytesBehind that are durable and not archived, about
     * @param spoolBytes of sealed segments that are not archived as a whole
     * @param lastSealed the last record of the last sealed segment, 0 if there is none
     */
    void spool(long bytesBehind, long spoolBytes, long lastSealed);

    /** The archive says now that it will never have these records. */
    void gap(long firstSequence, long lastSequence);
}
