package io.veloz.wal;

import java.time.Instant;

/**
 * Another writer has taken over the archive, and this one will never archive anything again. The records from
 * {@link #firstBeyondFork()} to {@link #lastBeyondFork()} are in the local log and not in the archive: read them with a
 * {@link WalReader}, decide what becomes of them, and then either stop this writer or start shipping anew, which takes over.
 */
public final class WalFencedException extends WalException {
    private final String winner;
    private final String winnerHost;
    private final Instant since;
    private final long epoch;
    private final long firstBeyondFork;
    private final long lastBeyondFork;

    public WalFencedException(
            String archive,
            String winner,
            String winnerHost,
            Instant since,
            long epoch,
            long firstBeyondFork,
            long lastBeyondFork) {
        super(
                archive + ": writer " + winner + " on " + winnerHost + " has been in office since " + since
                        + " (epoch " + epoch + "); "
                        + (lastBeyondFork < firstBeyondFork
                                ? "this writer had archived every record of its log"
                                : "records " + firstBeyondFork + " to " + lastBeyondFork
                                        + " of this log were not archived by this writer: read them, and compare, before you give it up"),
                null);
        this.winner = winner;
        this.winnerHost = winnerHost;
        this.since = since;
        this.epoch = epoch;
        this.firstBeyondFork = firstBeyondFork;
        this.lastBeyondFork = lastBeyondFork;
    }

    /** 32 hex digits that tell the winner's term of office from every other. */
    public String winner() {
        return winner;
    }

    /** Where the winner runs. */
    public String winnerHost() {
        return winnerHost;
    }

    /** When the winner wrote the slot that we wanted, by its own clock. */
    public Instant since() {
        return since;
    }

    /** Of the winner. */
    public long epoch() {
        return epoch;
    }

    /** The first record that the archive has not got from us. */
    public long firstBeyondFork() {
        return firstBeyondFork;
    }

    /** The last durable record of the local log; below {@link #firstBeyondFork()} if there is none beyond. */
    public long lastBeyondFork() {
        return lastBeyondFork;
    }
}
