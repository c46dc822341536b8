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
 * A close concurrent with an append: either the append is refused, or the close returns its sequence and the buffer is not
 * drained before the record is taken.
 */
@JCStressTest
@Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "closed before the claim")
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "claimed before the close")
@State
public class CloseReturnsTheLastClaim {
    private static final int BYTES = 24;

    private final Lent lent = SharedBuffers.borrow();
    private final long before = lent.buffer.lastClaimedSequence();

    @Actor
    public void appender(III_Result result) {
        long sequence = Frames.append(lent.buffer, BYTES);
        result.r1 = sequence == AppendBuffer.CLOSED ? 0 : (int) (sequence - before);
    }

    @Actor
    public void closer(III_Result result) {
        result.r2 = (int) (lent.buffer.close() - before);
    }

    @Arbiter
    public void commitThread(III_Result result) {
        int records = Frames.take(lent, BYTES);
        result.r3 = lent.buffer.isDrainedOnCommitThread() ? records : Frames.WRONG;
        SharedBuffers.reopenAndRelease(lent);
    }
}
