package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot.Archived;

/** Receives how far shipping has got. Called by the thread that ships. */
public interface Reached {
    /** What is repeated by itself when it fails, while slots go on. */
    enum Job {
        /** A slot, or a step on the way to it. */
        SLOT,
        /** The object of a segment or a checkpoint. */
        UPLOAD,
        /** Whether another writer has taken over. */
        LOOK,
        /** Reading back which gaps the archive declares. */
        GAPS,
        /** Dropping tails. Nothing depends on it. */
        CLEAN_UP
    }

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

    /**
     * The archive declares that it will never have these records.
     *
     * @param isNew whether it was declared just now, not by an earlier writer
     */
    void gap(long firstSequence, long lastSequence, boolean isNew);

    /** All gaps with records from this one on are known. It falls from call to call. */
    void gapsKnownFrom(long sequence);

    /** From which record on the gaps have to be known; {@link Long#MAX_VALUE} if from none. */
    long gapsWantedFrom();

    /** A job failed and will be repeated, while others go on. */
    void failed(Job job, Throwable error);

    /** A job that may have failed before has succeeded. */
    void succeeded(Job job);
}
