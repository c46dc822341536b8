package io.veloz.wal.internal.commit;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.veloz.wal.internal.commit.SharedBuffers.Lent;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Two concurrent appends receive consecutive sequences, and both records are taken whole, in that order. */
@JCStressTest
@Outcome(
        id = {"1, 2, 2", "2, 1, 2"},
        expect = ACCEPTABLE,
        desc = "one after the other")
@State
public class ConcurrentClaimsAreOrdered {
    private static final int BYTES = 24;

    private final Lent lent = SharedBuffers.borrow();
    private final long before = lent.buffer.lastClaimedSequence();

    @Actor
    public void one(III_Result result) {
        result.r1 = (int) (Frames.append(lent.buffer, BYTES) - before);
    }

    @Actor
    public void two(III_Result result) {
        result.r2 = (int) (Frames.append(lent.buffer, BYTES) - before);
    }

    @Arbiter
    public void commitThread(III_Result result) {
        result.r3 = Frames.take(lent, BYTES);
        SharedBuffers.release(lent);
    }
}
