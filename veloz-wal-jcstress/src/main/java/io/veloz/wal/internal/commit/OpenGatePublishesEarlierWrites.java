package io.veloz.wal.internal.commit;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A thread that reads the new value of a gate sees all writes before its opening. */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "durable and visible")
@Outcome(
        id = {"0, 0", "0, 1"},
        expect = ACCEPTABLE,
        desc = "not durable yet")
@State
public class OpenGatePublishesEarlierWrites {
    private final Gate gate = Gates.parking();
    private int written;

    @Actor
    public void commitThread() {
        written = 1;
        gate.open(1);
    }

    @Actor
    public void reader(II_Result result) {
        result.r1 = (int) gate.value();
        result.r2 = written;
    }
}
