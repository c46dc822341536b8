package io.veloz.wal.internal.commit;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** A waiter that times out takes the stack of waiters for a moment. An opener finds the stack empty in that moment. */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "released")
@Outcome(id = "0", expect = FORBIDDEN, desc = "the wake-up was lost")
@State
public class WaiterIsWokenWhileAnotherTimesOut {
    private final Gate gate = Gates.parking();

    @Actor
    public void commitThread() {
        gate.open(1);
    }

    @Actor
    public void timesOut() {
        gate.await(2, 1);
    }

    @Actor
    public void appender(I_Result result) {
        result.r1 = gate.await(1, Gates.TIMEOUT_NANOS) ? 1 : 0;
    }
}
