package io.veloz.wal.backup;

import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.recovery.Engine;
import io.veloz.wal.backup.internal.recovery.LogPart.Replayed;
import io.veloz.wal.backup.internal.recovery.Observation;
import io.veloz.wal.backup.internal.recovery.Part.Gate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The start of an engine after everything is in place, and the comparison of its state with the log. Stateless. */
final class EngineStart {
    private static final String NEXT = "; correct the cause and resume, or roll back";

    private EngineStart() {}

    /**
     * Starts the engine if it does not run, compares its state, and makes it accept orders if that is requested.
     *
     * @throws RecoveryException NOT_VERIFIED
     */
    static void run(Engine engine, Replayed expected, boolean goLive, Timed timed) {
        // An engine that this run did not start may be live: it is compared, and never stopped.
        Observation before = engine.url();
        if (before.isUnknown()) {
            timed.report.findings(List.of("before the start, " + before.detail()));
        }
        if (!before.runs()) {
            start(engine, before, timed);
        }
        verify(engine, before, expected, timed);
        timed.report.started();
        if (goLive) {
            try {
                timed.run("go live", engine::goLive);
            } catch (IOException e) {
                throw new RecoveryException(
                        Reason.NOT_VERIFIED,
                        "everything is in place, and the engine runs with the state of the log; whether it accepts orders"
                                + " is not known: " + e.getMessage() + "; look at its /health, then resume",
                        e);
            }
            timed.report.live();
        }
    }

    private static void start(Engine engine, Observation before, Timed timed) {
        try {
            timed.run("start", engine::start);
        } catch (IOException e) {
            String message = "everything is in place, but the engine was not started: " + e.getMessage();
            throw new RecoveryException(Reason.NOT_VERIFIED, message + ended(engine, before) + NEXT, e);
        }
    }

    private static void verify(Engine engine, Observation before, Replayed expected, Timed timed) {
        String failed;
        try {
            List<Gate> gates = new ArrayList<>();
            timed.run("verify", () -> gates.addAll(engine.verify(expected)));
            gates.forEach(gate -> timed.report.gate(gate.toString()));
            failed = gates.stream()
                    .filter(gate -> !gate.passed())
                    .map(Gate::toString)
                    .collect(Collectors.joining("; "));
        } catch (IOException e) {
            failed = String.valueOf(e.getMessage());
        }
        if (!failed.isEmpty()) {
            throw new RecoveryException(
                    Reason.NOT_VERIFIED,
                    "everything is in place, but the engine is not as the log says: " + failed + ended(engine, before)
                            + NEXT);
        }
    }

    /** Stops an engine that this run started, and describes the result. */
    private static String ended(Engine engine, Observation before) {
        if (before.runs()) {
            return "; it was running before, and was not stopped, because it may be live: stop it yourself";
        }
        if (before.isUnknown()) {
            return "; it was not stopped, because it may have been running before, and be live (" + before.detail()
                    + "): stop it yourself";
        }
        try {
            return engine.stop()
                    ? "; it was stopped"
                    : "; it may still run, because the profile has no engine.stop: stop it yourself";
        } catch (IOException e) {
            return "; it may still run: " + e.getMessage();
        }
    }
}
