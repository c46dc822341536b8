package io.veloz.wal.orders;

import io.veloz.wal.RecoveryReport;
import java.time.Duration;

/** Describes how an order log was recovered and replayed. Immutable. */
public final class OrderLogReport {
    private final RecoveryReport log;
    private final long checkpointSequence;
    private final long replayedRecords;
    private final int orders;
    private final Duration took;

    OrderLogReport(RecoveryReport log, long checkpointSequence, long replayedRecords, int orders, Duration took) {
        this.log = log;
        this.checkpointSequence = checkpointSequence;
        this.replayedRecords = replayedRecords;
        this.orders = orders;
        this.took = took;
    }

    /** The recovery of the underlying log. */
    public RecoveryReport log() {
        return log;
    }

    /** The sequence that the used checkpoint covers; 0 if none was used. */
    public long checkpointSequence() {
        return checkpointSequence;
    }

    /** The number of events replayed after the checkpoint. */
    public long replayedRecords() {
        return replayedRecords;
    }

    /** The number of orders in the store. */
    public int orders() {
        return orders;
    }

    /** The time of the replay: from the opened log to the complete store. */
    public Duration took() {
        return took;
    }

    /** Returns all values, for log messages. */
    @Override
    public String toString() {
        return "OrderLogReport[checkpointSequence=" + checkpointSequence + ", replayedRecords=" + replayedRecords
                + ", orders=" + orders + ", took=" + took + ", log=" + log + "]";
    }
}
