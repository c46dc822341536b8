package io.veloz.wal.internal.commit;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.veloz.wal.internal.commit.SharedBuffers.Lent;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A take from a full ring concurrent with an append: the append is refused, or its record is taken whole. Zeros that are
 * written after the space is freed would destroy the new record. Space that is freed too early would let the new record
 * overwrite others.
 */
@JCStressTest
@Outcome(id = "0, 3, 0", expect = ACCEPTABLE, desc = "refused: the space was not free yet")
@Outcome(id = "1, 3, 1", expect = ACCEPTABLE, desc = "claimed after the three")
@State
public class FreedSpaceIsZeroed {
    /** Three frames of this size fill the ring, except for a rest at its end that is skipped. */
    private static final int BYTES = 1200;

    private final Lent lent = SharedBuffers.borrow();

    public FreedSpaceIsZeroed() {
        for (int i = 0; i < 3; i++) {
            Frames.append(lent.buffer, BYTES);
        }
    }

    @Actor
    public void appender(III_Result result) {
        result.r1 = Frames.append(lent.buffer, BYTES) < 0 ? 0 : 1;
    }

    @Actor
    public void commitThread(III_Result result) {
        result.r2 = Frames.take(lent, BYTES);
    }

    @Arbiter
    public void rest(III_Result result) {
        result.r3 = Frames.take(lent, BYTES);
        SharedBuffers.release(lent);
    }
}
