package io.veloz.wal.http;

import io.veloz.wal.WalStats;
import io.veloz.wal.http.LogState.Mode;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Checks the log. Thread-safe if the supplier is. */
final class LogChecks {
    private final Supplier<LogState> log;

    LogChecks(Supplier<LogState> log) {
        this.log = log;
    }

    List<Check> checks() {
        return List.of(
                new Check("replay", Set.of(Probe.STARTUP, Probe.READY), this::replayed),
                new Check("log", Set.of(Probe.LIVE, Probe.STARTUP, Probe.READY), this::notFailed),
                new Check("log open", Set.of(Probe.READY), this::notClosed),
                new Check("disk", Set.of(Probe.READY), this::diskHasSpace));
    }

    private CheckResult replayed() {
        LogState state = log.get();
        return state.mode() == Mode.REPLAYING ? CheckResult.failed(state.reason()) : CheckResult.passed("complete");
    }

    private CheckResult notFailed() {
        LogState state = log.get();
        return state.mode() == Mode.FAILED ? CheckResult.failed(state.reason()) : CheckResult.passed(state.reason());
    }

    private CheckResult notClosed() {
        LogState state = log.get();
        return state.mode() == Mode.CLOSED
                ? CheckResult.failed(state.reason())
                : CheckResult.passed("last record " + state.lastSequence());
    }

    private CheckResult diskHasSpace() {
        boolean full = log.get().stats().map(WalStats::diskFull).orElse(false);
        return full
                ? CheckResult.failed("the disk has no space for the next segment of the log")
                : CheckResult.passed("");
    }
}
