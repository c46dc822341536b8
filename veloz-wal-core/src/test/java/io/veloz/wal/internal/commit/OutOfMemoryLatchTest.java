package io.veloz.wal.internal.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalListener;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.internal.commit.Notifier.PendingAppend;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Behaviour when memory has run out: failing a log allocates nothing, and no future stays incomplete. */
@Timeout(60)
class OutOfMemoryLatchTest {
    private static final OutOfMemoryError CAUSE = new OutOfMemoryError("simulated");

    private final CommitState state = new CommitState(new AppendBuffer(8 * 1024, 0), 0);
    private final AtomicInteger woken = new AtomicInteger();

    @Test
    void failingALogAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        state.onFailure(woken::incrementAndGet);
        String what = "commit failed";
        long unused = threads.getCurrentThreadAllocatedBytes();
        long idle = threads.getCurrentThreadAllocatedBytes();
        idle = threads.getCurrentThreadAllocatedBytes() - idle;

        long before = threads.getCurrentThreadAllocatedBytes();
        state.fail(what, CAUSE);
        long after = threads.getCurrentThreadAllocatedBytes();

        assertThat(after - before).isEqualTo(idle);
        assertThat(woken).hasValue(1);
        assertThatThrownBy(() -> state.durable.await(1, Long.MAX_VALUE))
                .isInstanceOf(WalFailedException.class)
                .hasMessageContaining("commit failed: java.lang.OutOfMemoryError: simulated")
                .hasCause(CAUSE);
    }

    /** A future whose first three completions fail with an OutOfMemoryError. */
    private static final class Starved extends PendingAppend {
        private int attempts;

        Starved(Notifier notifier) {
            super(notifier);
        }

        private void attempt() {
            if (++attempts <= 3) {
                throw new OutOfMemoryError("simulated");
            }
        }

        @Override
        public boolean complete(Long value) {
            attempt();
            return super.complete(value);
        }

        @Override
        public boolean completeExceptionally(Throwable failure) {
            attempt();
            return super.completeExceptionally(failure);
        }
    }

    private PendingAppend registered(Notifier notifier, long sequence) {
        Starved future = new Starved(notifier);
        future.sequence = sequence;
        notifier.register(sequence, future);
        return future;
    }

    @Test
    void futureThatCannotBeCompletedWithoutMemoryIsCompletedLater() throws Exception {
        Notifier notifier = new Notifier(state, WalListener.NONE, 16, "test-notifier");
        notifier.start(Thread::start);
        PendingAppend first = registered(notifier, 1);
        PendingAppend second = registered(notifier, 2);
        assertThat(state.acknowledge(2)).isTrue();
        notifier.signal();
        assertThat(first.get(30, TimeUnit.SECONDS)).isEqualTo(1);
        assertThat(second.get(30, TimeUnit.SECONDS)).isEqualTo(2);

        state.onFailure(notifier::signal);
        PendingAppend third = registered(notifier, 3);
        state.fail("commit failed", CAUSE);
        Logs.await("third", third::isDone);
        assertThatThrownBy(() -> third.get(30, TimeUnit.SECONDS)).hasCauseInstanceOf(WalFailedException.class);
        notifier.stop();
        assertThat(notifier.join(TimeUnit.SECONDS.toNanos(30))).isTrue();
    }
}
