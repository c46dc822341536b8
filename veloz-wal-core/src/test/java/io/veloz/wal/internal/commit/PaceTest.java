package io.veloz.wal.internal.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.internal.commit.Handover.StoppedException;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The pace at which the next segment is filled. */
@Timeout(60)
class PaceTest {
    private static final long MIB = 1024 * 1024;

    private final CommitState state = new CommitState(new AppendBuffer(8 * 1024, 0), 0);
    private final Stalls stalls = new Stalls(new CommitStats(), System::nanoTime);
    private final Handover handover = new Handover(state, stalls);

    @Test
    void idleLogLeavesTheDiskAlone() throws IOException {
        assertThat(handover.pace(MIB, 0, 1)).isFalse();
    }

    @Test
    void nextSegmentIsFilledThreeTimesAsFastAsTheActiveOne() throws IOException {
        assertThat(handover.pace(3 * MIB - 1, MIB, 1)).isTrue();
        assertThat(handover.pace(3 * MIB, MIB, 1)).isFalse();
    }

    @Test
    void fullActiveSegmentNeedsTheNextOneAtOnce() throws IOException {
        assertThat(handover.pace(63 * MIB, 64 * MIB, 1)).isTrue();
    }

    @Test
    void appendThatWaitsNeedsTheNextSegmentAtOnce() throws IOException {
        stalls.beginAppend();
        assertThat(handover.pace(63 * MIB, 0, 1)).isTrue();
        stalls.endAppend();
        assertThat(handover.pace(63 * MIB, 0, 1)).isFalse();
    }

    @Test
    void logThatEndsNeedsNoSegment() {
        handover.stop();
        assertThatThrownBy(() -> handover.pace(MIB, 64 * MIB, 1)).isInstanceOf(StoppedException.class);
    }
}
