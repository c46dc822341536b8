package io.veloz.wal.internal.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.internal.commit.Handover.StoppedException;
import io.veloz.wal.internal.stats.CommitStats;
import io.veloz.wal.internal.stats.Stalls;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The pace at which the next segment is filled. */
@Timeout(60)
class PaceTest {
    private final CommitState state = new CommitState(new AppendBuffer(8 * 1024, 0), 0);
    private final Stalls stalls = new Stalls(new CommitStats(), System::nanoTime);
    private final Handover handover = new Handover(state, stalls);

    @Test
    void idleLogLeavesTheDiskAlone() throws IOException {
        assertThat(handover.pace(0.01, 0, 1)).isFalse();
    }

    @Test
    void nextSegmentIsFilledThreeTimesAsFarAsTheActiveOneIsUsed() throws IOException {
        assertThat(handover.pace(0.29, 0.1, 1)).isTrue();
        assertThat(handover.pace(0.31, 0.1, 1)).isFalse();
    }

    @Test
    void fullActiveSegmentNeedsTheNextOneAtOnce() throws IOException {
        assertThat(handover.pace(0.99, 1, 1)).isTrue();
    }

    @Test
    void appendThatWaitsNeedsTheNextSegmentAtOnce() throws IOException {
        stalls.beginAppend();
        assertThat(handover.pace(0.99, 0, 1)).isTrue();
        stalls.endAppend();
        assertThat(handover.pace(0.99, 0, 1)).isFalse();
    }

    @Test
    void logThatEndsNeedsNoSegment() {
        handover.stop();
        assertThatThrownBy(() -> handover.pace(0.1, 1, 1)).isInstanceOf(StoppedException.class);
    }
}
