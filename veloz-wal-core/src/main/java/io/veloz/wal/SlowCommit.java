package io.veloz.wal;

import java.time.Duration;

/**
 * A commit that took as long as {@link WalConfig#slowCommitThreshold()}, and where the time went. The log measures it on
 * its commit thread and reports it after the commit. A force (fsync), roll or heartbeat between two commits counts as a
 * commit of no records, because records that are appended meanwhile wait for it. Immutable.
 *
 * <p>No append reads a clock for these times. So {@link #queued()} is a bound, and the time that the commit thread takes to
 * start when it was idle, and the time that an append waits for space in the buffer, are in none of them.
 *
 * @param firstSequence the first record of the commit; the next record if it has none
 * @param records the number of records
 * @param bytes the bytes written, with all framing
 * @param queued how long the oldest record waited at most until the commit thread took it. It is the time since the last
 *     moment at which the commit thread knew that the record was not published. Zero if the commit thread was idle
 * @param stalled how long the commit, or appends since the one before, waited until the next segment was prepared
 * @param write the time to write the batch, with the wait for space if the disk is full
 * @param force the time to force (fsync) what was written. Zero if the durability of the records needs no force
 * @param wakeUp the time to release the threads that wait for the records, as far as the commit thread does it. The time
 *     until these threads run is not known
 * @param gc how much of this time garbage collections took at most, in whole milliseconds. It may include collections of
 *     100 ms before it. Zero as well if it is not known: in the first seconds of a process, and in a JVM without the module
 *     java.management
 * @param unreported the number of slow commits since the last one that was reported: at most one a second is
 */
public record SlowCommit(
        long firstSequence,
        int records,
        long bytes,
        Duration queued,
        Duration stalled,
        Duration write,
        Duration force,
        Duration wakeUp,
        Duration gc,
        long unreported) {

    /** Returns the time of the whole commit: the sum of its phases. */
    public Duration total() {
        return queued.plus(stalled).plus(write).plus(force).plus(wakeUp);
    }

    @Override
    public String toString() {
        return "SlowCommit[firstSequence=" + firstSequence + ", records=" + records + ", bytes=" + bytes + ", total="
                + total() + ", queued=" + queued + ", stalled=" + stalled + ", write=" + write + ", force=" + force
                + ", wakeUp=" + wakeUp + ", gc=" + gc + ", unreported=" + unreported + "]";
    }
}
