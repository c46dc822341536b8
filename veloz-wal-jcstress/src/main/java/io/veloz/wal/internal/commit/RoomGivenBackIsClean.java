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
 * A full ring, from which the commit thread takes while an appender claims the room that becomes free: the appender is
 * refused, or its record comes out whole. Zeros written too late would eat it; room given back too early would let it eat
 * others.
 */
@JCStressTest
@Outcome(id = "0, 3, 0", expect = ACCEPTABLE, desc = "refused: the room was not back yet")
@Outcome(id = "1, 3, 1", expect = ACCEPTABLE, desc = "claimed behind the three")
@State
public class RoomGivenBackIsClean {
    /** Three frames of this fill the ring, and leave a piece at its end that is skipped. */
    private static final int BYTES = 1200;

    private final Lent lent = SharedBuffers.borrow();

    public RoomGivenBackIsClean() {
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
        SharedBuffers.giveBack(lent);
    }
}
