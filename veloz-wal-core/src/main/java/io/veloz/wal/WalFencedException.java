package io.veloz.wal;

import java.time.Instant;

/**
 * This writer was fenced: another writer has taken over the archive. This writer never archives a record again. The
 * records from {@link #firstBeyondFork()} to {@link #lastBeyondFork()} are in the local log, and this writer did not
 * archive them.
 *
 * <p>Next step: read these records with a {@link WalReader} and decide whether to keep them. Then either stop this
 * writer, or start shipping again, which takes over the archive.
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
                archive + ": fenced by writer " + winner + " on host " + winnerHost + " since " + since + " (epoch "
                        + epoch
                        + "); "
                        + (lastBeyondFork < firstBeyondFork
                                ? "this writer had archived every record of its log"
                                : "records " + firstBeyondFork + " to " + lastBeyondFork
                                        + " of this log were not archived by this writer: read and compare them before"
                                        + " you discard this log"),
                null);
        this.winner = winner;
        this.winnerHost = winnerHost;
        this.since = since;
        this.epoch = epoch;
        this.firstBeyondFork = firstBeyondFork;
        this.lastBeyondFork = lastBeyondFork;
    }

    /** Returns the id of the writer that took over, as 32 hex digits. It is unique for each epoch. */
    public String winner() {
        return winner;
    }

    /** Returns the host of the writer that took over. */
    public String winnerHost() {
        return winnerHost;
    }

    /** Returns when that writer wrote the slot that this writer tried to write, by its own clock. */
    public Instant since() {
        return since;
    }

    /** Returns the epoch of the writer that took over. */
    public long epoch() {
        return epoch;
    }

    /** Returns the first record that this writer did not archive. */
    public long firstBeyondFork() {
        return firstBeyondFork;
    }

    /**
     * Returns the last durable record of the local log. It is less than {@link #firstBeyondFork()} if all are archived.
     */
    public long lastBeyondFork() {
        return lastBeyondFork;
    }
}
