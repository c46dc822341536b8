package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot.Archived;

/** Is told how far shipping has got. Called by the thread that ships. */
public interface Reached {
    void inOffice(long epoch, Archived archived);

    /** @param letsGo records up to this one the log need not keep for the archive */
    void archived(Archived archived, long letsGo);

    /**
     * @param bytesBehind that are durable and not archived, about
     * @param spoolBytes of sealed segments that are not archived as a whole
     * @param lastSealed the last record of the last sealed segment, 0 if there is none
     */
    void spool(long bytesBehind, long spoolBytes, long lastSealed);

    void gap(long firstSequence, long lastSequence);
}
