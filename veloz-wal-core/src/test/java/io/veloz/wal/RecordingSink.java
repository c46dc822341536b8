package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.Logs;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** A sink that records what it receives. Thread-safe. */
final class RecordingSink implements OutputGate.Sink<String> {
    final List<String> published = new CopyOnWriteArrayList<>();
    final List<String> discarded = new CopyOnWriteArrayList<>();
    final List<Throwable> causes = new CopyOnWriteArrayList<>();
    private final CountDownLatch entered = new CountDownLatch(1);
    private volatile CountDownLatch hold = new CountDownLatch(0);

    /** Makes the next calls of publish wait, until {@link #release}. */
    void hold() {
        hold = new CountDownLatch(1);
    }

    void awaitEntered() throws InterruptedException {
        entered.await();
    }

    void release() {
        hold.countDown();
    }

    @Override
    public void publish(long sequence, String output) throws Exception {
        entered.countDown();
        hold.await();
        published.add(sequence + " " + output);
    }

    @Override
    public void discard(long sequence, String output, Throwable cause) {
        discarded.add(sequence + " " + output);
        causes.add(cause);
    }

    void awaitPublished(String... expected) {
        Logs.await("published " + List.of(expected) + ", got " + published, () -> published.size() >= expected.length);
        assertThat(published).containsExactly(expected);
    }
}
