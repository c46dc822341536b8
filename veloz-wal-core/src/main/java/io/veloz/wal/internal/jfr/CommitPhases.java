package io.veloz.wal.internal.jfr;

import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Timespan;

/** The fields of the events of a commit: its records, and where the time went. */
abstract class CommitPhases extends Event implements CommitFields {
    @Label("Log")
    @Description("The directory of the log")
    String log = "";

    @Label("First Sequence")
    @Description("The first record of the commit; the next record if it has none")
    long firstSequence;

    @Label("Records")
    int records;

    @Label("Bytes")
    @Description("The bytes written, with all framing")
    @DataAmount
    long bytes;

    @Label("Queued")
    @Description("How long the oldest record waited at most until the commit thread took it")
    @Timespan
    long queued;

    @Label("Stalled")
    @Description("How long the commit, or appends before it, waited until the next segment was prepared")
    @Timespan
    long stalled;

    @Label("Write")
    @Description("The time to write the batch, with the wait for space if the disk is full")
    @Timespan
    long write;

    @Label("Force")
    @Description("The time to force (fsync) what was written")
    @Timespan
    long force;

    @Label("Wake-up")
    @Description("The time to release the threads that wait for the records, on the commit thread")
    @Timespan
    long wakeUp;

    @Override
    public void setContent(String directory, long sequence, int count, long size) {
        log = directory;
        firstSequence = sequence;
        records = count;
        bytes = size;
    }

    @Override
    public void setPhases(long queuedNanos, long stalledNanos, long writeNanos, long forceNanos, long wakeUpNanos) {
        queued = queuedNanos;
        stalled = stalledNanos;
        write = writeNanos;
        force = forceNanos;
        wakeUp = wakeUpNanos;
    }
}
