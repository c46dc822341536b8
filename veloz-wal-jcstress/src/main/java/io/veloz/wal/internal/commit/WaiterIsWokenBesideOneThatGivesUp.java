package io.veloz.wal.internal.commit;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** One who gives up takes all waiters in hand for a moment. Who opens in that moment finds nobody to wake. */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "through")
@Outcome(id = "0", expect = FORBIDDEN, desc = "the wake-up was lost")
@State
public class WaiterIsWokenBesideOneThatGivesUp {
    private final Gate gate = Gates.parking();

    @Actor
    public void commitThread() {
        gate.open(1);
    }

    @Actor
    public void givesUp() {
        gate.await(2, 1);
    }

    @Actor
    public void appender(I_Result result) {
        result.r1 = gate.await(1, Gates.PATIENCE_NANOS) ? 1 : 0;
    }
}
