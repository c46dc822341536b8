package io.veloz.wal.backup;

import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.recovery.Engine;
import io.veloz.wal.backup.internal.recovery.LogPart.Replayed;
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
        boolean ours = !engine.answers();
        if (ours) {
            start(engine, timed);
        }
        verify(engine, ours, expected, timed);
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

    private static void start(Engine engine, Timed timed) {
        try {
            timed.run("start", engine::start);
        } catch (IOException e) {
            String message = "everything is in place, but the engine was not started: " + e.getMessage();
            throw new RecoveryException(Reason.NOT_VERIFIED, message + ended(engine) + NEXT, e);
        }
    }

    private static void verify(Engine engine, boolean ours, Replayed expected, Timed timed) {
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
                    "everything is in place, but the engine is not as the log says: " + failed
                            + (ours
                                    ? ended(engine)
                                    : "; it was running before, and was not stopped, because it may be live: stop it yourself")
                            + NEXT);
        }
    }

    /** Stops an engine that this run started, and describes the result. */
    private static String ended(Engine engine) {
        try {
            return engine.stop()
                    ? "; it was stopped"
                    : "; it may still run, because the profile has no engine.stop: stop it yourself";
        } catch (IOException e) {
            return "; it could not be stopped, and may still run: " + e.getMessage();
        }
    }
}
