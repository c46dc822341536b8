package io.veloz.wal.internal.commit;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** An opening concurrent with a waiter that parks: the waiter is released, and sees earlier writes. */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "released")
@Outcome(id = "0, .*", expect = FORBIDDEN, desc = "the wake-up was lost")
@State
public class WaiterIsWoken {
    private final Gate gate = Gates.parking();
    private int written;

    @Actor
    public void commitThread() {
        written = 1;
        gate.open(1);
    }

    @Actor
    public void appender(II_Result result) {
        result.r1 = gate.await(1, Gates.TIMEOUT_NANOS) ? 1 : 0;
        result.r2 = written;
    }
}
