package io.veloz.wal.archive;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The progress of a standby. Immutable.
 *
 * <p>Silence is ambiguous: if no slot appears, the log may be idle, or its writer may be dead or cut off from the store. Only
 * a writer that puts BEATs ({@link ShipperConfig.Builder#beatInterval}) shows which, see {@link #isWriterSilent}.
 *
 * @param archive the store
 * @param directory of the standby
 * @param state what it does
 * @param slot the last applied slot; 0 if there is none
 * @param epoch of its writer; 0 if there is none
 * @param host of its writer
 * @param written when it was written, by the clock of its writer; {@link Instant#EPOCH} if there is none
 * @param appliedSequence the last applied record, which is durable in the directory
 * @param archivedSequence the last record that is known to be archived, from the last list that has shown later slots
 * @param lag the time since {@code written}; zero if there is no slot
 * @param bytesRead the number of bytes of objects that were read from the store since the start
 * @param caughtUpAt when a list last showed that everything was applied; empty if it did not yet
 * @param lastError the last failure of the store or the disk, or the damaged object; empty if a request has succeeded since
 * @param beatInterval after what time the writer puts a slot at the latest: as its last BEAT states, or else as {@link
 *     FollowerConfig.Builder#beatInterval} sets; empty if neither is known
 * @param silence how long no slot has appeared although the store could be read, by the clock of this process
 * @param endedAt when the writer ended on purpose, by its clock; empty if it did not, or has not been silent for three beats
 * @param failure the exception that has ended the follower; null if there is none
 */
public record FollowerStatus(
        String archive,
        String directory,
        State state,
        long slot,
        long epoch,
        String host,
        Instant written,
        long appliedSequence,
        long archivedSequence,
        Duration lag,
        long bytesRead,
        Optional<Instant> caughtUpAt,
        String lastError,
        Optional<Duration> beatInterval,
        Duration silence,
        Optional<Instant> endedAt,
        @Nullable RuntimeException failure) {

    private static final int BEATS = 3;

    /** What a follower does. */
    public enum State {
        /** It applies slots, or waits for the next one. */
        FOLLOWING,
        /** The store or the disk failed, or an object is damaged, see {@link FollowerStatus#lastError}. It retries with backoff. */
        RETRYING,
        /** It cannot continue, see {@link FollowerStatus#failure}. */
        FAILED,
        /** It was closed, or its standby was promoted. */
        CLOSED
    }

    /**
     * Returns whether no slot has appeared for three beats, and the writer has not ended on purpose: it is dead, or cut off from
     * the store.
     */
    public boolean isWriterSilent() {
        return endedAt.isEmpty() && isSilent(beatInterval, silence);
    }

    static boolean isSilent(Optional<Duration> beatInterval, Duration silence) {
        return beatInterval
                .filter(beat -> silence.compareTo(beat.multipliedBy(BEATS)) >= 0)
                .isPresent();
    }

    /** Returns the number of records that are known to be archived and are not applied yet. */
    public long lagRecords() {
        return archivedSequence - appliedSequence;
    }
}
