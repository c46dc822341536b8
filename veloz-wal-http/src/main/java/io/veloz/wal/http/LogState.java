package io.veloz.wal.http;

import io.veloz.wal.Wal;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalStats;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The state of a log at one moment, as health checks and metrics report it. Immutable. A process that opens its log later,
 * or reads it without opening it, creates these; for an open log use {@link #of}.
 */
public final class LogState {
    /** The use of the log by this process. */
    public enum Mode {
        /** The process has not replayed the log yet. */
        REPLAYING,
        /** The process has replayed the log without opening it, and does not append. */
        READ_ONLY,
        /** The process has opened the log, and appends. */
        OPEN,
        /** The log has failed permanently, or could not be replayed. Only a restart of the process helps. */
        FAILED,
        /** The process has closed the log. */
        CLOSED
    }

    private final Mode mode;
    private final String reason;
    private final long lastSequence;
    private final @Nullable WalStats stats;

    private LogState(Mode mode, String reason, long lastSequence, @Nullable WalStats stats) {
        this.mode = mode;
        this.reason = reason;
        this.lastSequence = lastSequence;
        this.stats = stats;
    }

    /** Returns the state while the log is being replayed. */
    public static LogState replaying() {
        return new LogState(Mode.REPLAYING, "the log is being replayed", 0, null);
    }

    /** Returns the state of a log that was replayed up to a record without opening it. */
    public static LogState readOnly(long lastSequence) {
        return new LogState(Mode.READ_ONLY, "read-only up to record " + lastSequence, lastSequence, null);
    }

    /** Returns the state of a log that could not be replayed or opened. */
    public static LogState failed(String reason) {
        return new LogState(Mode.FAILED, Objects.requireNonNull(reason, "reason"), 0, null);
    }

    /** Returns the state after the process has closed its log. */
    public static LogState closed() {
        return new LogState(Mode.CLOSED, "the log is closed", 0, null);
    }

    /** Returns the current state of a log: open, failed or closed. Cheap, and can be called at any rate. */
    public static LogState of(Wal wal) {
        WalStats stats = wal.stats();
        try {
            // Checks only whether the log is usable. The log checks its own state before the argument, which is
            // invalid, so
            // this never trims.
            wal.trim(-1);
        } catch (IllegalArgumentException e) {
            return new LogState(Mode.OPEN, "open", stats.lastSequence(), stats);
        } catch (WalFailedException e) {
            return new LogState(Mode.FAILED, "the log has failed: " + e.getMessage(), stats.lastSequence(), stats);
        } catch (IllegalStateException e) {
            return new LogState(Mode.CLOSED, "the log is closed", stats.lastSequence(), stats);
        }
        throw new IllegalStateException("trim(-1) was accepted");
    }

    public Mode mode() {
        return mode;
    }

    /** Returns why the log has this mode. */
    public String reason() {
        return reason;
    }

    /** Returns the last sequence of the log; 0 if it is not known. */
    public long lastSequence() {
        return lastSequence;
    }

    /** Returns the statistics; empty if this process has not opened the log. */
    public Optional<WalStats> stats() {
        return Optional.ofNullable(stats);
    }

    @Override
    public String toString() {
        return "LogState[mode=" + mode + ", reason=" + reason + ", lastSequence=" + lastSequence + "]";
    }
}
