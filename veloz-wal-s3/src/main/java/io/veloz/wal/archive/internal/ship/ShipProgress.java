package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Segment;

/** Receives the progress of shipping. Called by the shipping thread. */
public interface ShipProgress {
    /** Work that is retried on its own, while slots continue. */
    enum Job {
        /** A slot, or a step that prepares it. */
        SLOT,
        /** The upload of a segment or a checkpoint. */
        UPLOAD,
        /** The check whether another writer has acquired a later epoch. */
        FENCE_CHECK,
        /** Reading which gaps the archive declares. */
        GAPS,
        /** Reading the slots for the next SUMMARY. Without it readers make more requests. */
        SUMMARY,
        /** Recording in the log's directory that a kept slot is in the chain. */
        DIRECTORY_FILE,
        /** Recording the end of the archive outside of the ship log. */
        WITNESS,
        /** Such a record names another slot than the archive has with its number: slots were lost and put again. Never succeeds. */
        OVERWRITTEN,
        /** Deleting tails. Nothing depends on it. */
        CLEAN_UP
    }

    /** This writer has acquired the epoch. */
    void epochAcquired(long epoch, Archived archived);

    /**
     * The archive ends here now.
     *
     * @param releasedThrough the log no longer has to keep records up to this one for the archive
     */
    void archived(Archived archived, long releasedThrough);

    /** The archive has committed a segment. */
    default void committed(Segment segment) {}

    /**
     * The amount of data that is not archived yet.
     *
     * @param lagBytes approximate number of durable bytes that are not archived
     * @param spoolBytes size of the sealed segments that have not been uploaded
     * @param lastSealed the last record of the last sealed segment; 0 if there is none
     */
    void spool(long lagBytes, long spoolBytes, long lastSealed);

    /**
     * The archive declares that it will never contain these records.
     *
     * @param isNew whether this writer has declared the gap just now
     */
    void gap(long firstSequence, long lastSequence, boolean isNew);

    /** All gaps with records from this one on are known. The value decreases from call to call. */
    void gapsKnownFrom(long sequence);

    /** Returns the record from which on the gaps have to be known; {@link Long#MAX_VALUE} if none are needed. */
    long gapsWantedFrom();

    /** A job failed. It will be retried while others continue. */
    void failed(Job job, Throwable error);

    /** A job succeeded, which may have failed before. */
    void succeeded(Job job);
}
