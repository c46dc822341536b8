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

/** A force that returns while another thread fails the log: what waiters were told and what the failure tells is one. */
@JCStressTest
@Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "failed before")
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "acknowledged before")
@State
public class NothingIsAcknowledgedAfterAFailure {
    private final CommitState state = new CommitState(claimed(), 0);

    private static AppendBuffer claimed() {
        AppendBuffer buffer = new Lent().buffer;
        Frames.append(buffer, 24);
        return buffer;
    }

    @Actor
    public void commitThread(III_Result result) {
        result.r1 = state.acknowledge(1) ? 1 : 0;
    }

    @Actor
    public void housekeeper() {
        state.fail("failed", null);
    }

    @Arbiter
    public void everybody(III_Result result) {
        result.r2 = state.durable.value() == 1 ? 1 : 0;
        result.r3 = state.exception() instanceof WalFailedException failure ? (int) failure.durableSequence() : -1;
    }
}
