package io.veloz.wal.internal.commit;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** A failure concurrent with a waiter that parks: the waiter receives the failure. */
@JCStressTest
@Outcome(id = "-1", expect = ACCEPTABLE, desc = "failed")
@Outcome(
        id = {"0", "1"},
        expect = FORBIDDEN,
        desc = "the wake-up was lost, or the failure was reported as a success")
@State
public class FailureWakesTheWaiter {
    private final Gate gate = Gates.parking();

    @Actor
    public void commitThread() {
        gate.fail(() -> new IllegalStateException("failed"));
    }

    @Actor
    public void appender(I_Result result) {
        try {
            result.r1 = gate.await(1, Gates.TIMEOUT_NANOS) ? 1 : 0;
        } catch (IllegalStateException e) {
            result.r1 = -1;
        }
    }
}
