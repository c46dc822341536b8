package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** A5 and A8: concurrent appenders share batches and forces, and power fails at every moment. */
class ConcurrentAppendersTest {
    private static final int THREADS = 4;
    private static final int RECORDS = 25;

    @Test
    void acknowledgedRecordsOfEachAppenderSurviveInOrder() {
        Rounds.run(seed -> CrashPoints.<String>of(ConcurrentAppendersTest::append, ConcurrentAppendersTest::check)
                .seed(seed)
                .cutOnce());
    }

    /** A record that arrives during a force waits for the next one, whichever other forces complete in the meantime. */
    @Test
    void recordThatIsAppendedDuringAForceIsNotAcknowledgedByIt() throws Exception {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
            wal.appendDurable(1, bytes("before"));
            // Otherwise the forces of its preparation would be blocked and released as well.
            awaitNextSegment(storage);
            storage.holdForces();
            var first = wal.appendAsync(1, bytes("first"));
            while (wal.stats().recordsWritten() < 2) {
                Thread.onSpinWait();
            }
            // The batch of the first record is written, and its force is blocked or about to start. The second record
            // comes after it.
            var second = wal.appendAsync(1, bytes("second"));
            storage.awaitHeldForce();
            while (wal.durableSequence() < 2) {
                storage.releaseHeldForces();
                storage.awaitHeldForce();
            }
            assertThat(wal.durableSequence())
                    .as("A5: durable before the next force")
                    .isEqualTo(2);
            storage.releaseForces();
            assertThat(first.join()).isEqualTo(2);
            assertThat(second.join()).isEqualTo(3);
        } finally {
            storage.releaseForces();
        }
    }

    /**
     * Waits until the name of the next segment is durable. Until that segment is needed, only the appenders
     * cause forces.
     */
    private static void awaitNextSegment(FaultyStorage storage) throws IOException {
        while (!storage.list().contains(".orders_prepared.wal") || storage.hasVolatileNames()) {
            Thread.onSpinWait();
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void append(FaultyStorage storage, History<String> history) throws InterruptedException {
        try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
            CountDownLatch start = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int name = i;
                Thread thread = new Thread(() -> {
                    awaitStart(start);
                    for (int record = 0; record < RECORDS; record++) {
                        String text = name + ":" + record + ":" + "x".repeat(record * 40);
                        history.begin(text);
                        wal.appendDurable(1, bytes(text));
                        history.acknowledge(text);
                    }
                });
                threads.add(thread);
                thread.start();
            }
            start.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    private static void awaitStart(CountDownLatch start) {
        try {
            start.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void check(FaultyStorage storage, History<String> history) {
        List<String> shown = new ArrayList<>();
        try (Wal wal = Wal.open(LogWorkload.config(storage).build());
                WalReader reader = wal.reader()) {
            while (reader.next()) {
                shown.add(StandardCharsets.UTF_8.decode(reader.payload()).toString());
            }
        }
        assertThat(shown).doesNotHaveDuplicates();
        assertThat(new HashSet<>(history.begun())).containsAll(shown);
        assertThat(shown).containsAll(history.acknowledged());
        for (int i = 0; i < THREADS; i++) {
            String prefix = i + ":";
            List<String> own = history.begun().stream()
                    .filter(text -> text.startsWith(prefix))
                    .toList();
            List<String> found =
                    shown.stream().filter(text -> text.startsWith(prefix)).toList();
            assertThat(found).isEqualTo(own.subList(0, found.size()));
        }
    }
}
