package io.veloz.wal.internal.commit;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.veloz.wal.WalFailedException;
import io.veloz.wal.internal.commit.SharedBuffers.Lent;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** A force that returns while another thread fails the log: waiters and the failure report the same durable sequence. */
@JCStressTest
@Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "failed before the acknowledgement")
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "acknowledged before the failure")
@State
public class NothingIsAcknowledgedAfterAFailure {
    private static final int BYTES = 24;

    private final Lent lent = SharedBuffers.borrow();
    private final long before = lent.buffer.lastClaimedSequence();
    private final CommitState state = new CommitState(lent.buffer, before);

    public NothingIsAcknowledgedAfterAFailure() {
        Frames.append(lent.buffer, BYTES);
    }

    @Actor
    public void commitThread(III_Result result) {
        result.r1 = state.acknowledge(before + 1) ? 1 : 0;
    }

    @Actor
    public void housekeeper() {
        state.fail("failed", null);
    }

    @Arbiter
    public void result(III_Result result) {
        result.r2 = (int) (state.durable.value() - before);
        result.r3 = state.exception() instanceof WalFailedException failure
                ? (int) (failure.durableSequence() - before)
                : -1;
        Frames.take(lent, BYTES);
        SharedBuffers.reopenAndRelease(lent);
    }
}
