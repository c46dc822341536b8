package io.veloz.wal.internal.commit;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.veloz.wal.internal.commit.SharedBuffers.Lent;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** An append concurrent with a take: the commit thread sees the whole frame, or none of it. */
@JCStressTest
@Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "not published yet, taken later")
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "taken at once")
@State
public class PublishedFrameIsTakenWhole {
    private static final int BYTES = 64;

    private final Lent lent = SharedBuffers.borrow();

    @Actor
    public void appender() {
        Frames.append(lent.buffer, BYTES);
    }

    @Actor
    public void commitThread(II_Result result) {
        result.r1 = Frames.take(lent, BYTES);
    }

    @Arbiter
    public void rest(II_Result result) {
        result.r2 = Frames.take(lent, BYTES);
        SharedBuffers.release(lent);
    }
}
