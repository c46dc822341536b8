package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Parts that are put at the same time. */
@Timeout(60)
class PartLanesTest {
    private static final Executor THREADS = task -> new Thread(task).start();

    private static List<FileObject> parts(int count) throws IOException {
        List<FileObject> parts = new ArrayList<>();
        try (Wal wal = TestShip.open(new FaultyStorage(1, DiskRules.WORST))) {
            TestShip.append(wal, 1);
            FileObject.Range file =
                    FileObject.Range.whole(wal.files(), wal.files().currentName());
            for (int i = 0; i < count; i++) {
                parts.add(FileObject.read(file, FileObject.Bytes.IGNORED, RateLimiter.UNLIMITED, "p" + i, null));
            }
        }
        return parts;
    }

    /** The barrier is only passed if four puts wait at the same time. */
    @Test
    void fourPartsArePutAtTheSameTime() throws IOException {
        CyclicBarrier four = new CyclicBarrier(4);
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Set<String> put = ConcurrentHashMap.newKeySet();
        PartLanes.forEach(parts(16), THREADS, part -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            try {
                four.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new IOException(e);
            }
            put.add(part.key());
            running.decrementAndGet();
        });
        assertThat(most).hasValue(4);
        assertThat(put).hasSize(16);
    }

    @Test
    void noPartIsBegunAfterAFailure() throws IOException {
        AtomicInteger begun = new AtomicInteger();
        List<FileObject> parts = parts(6);
        assertThatThrownBy(() -> PartLanes.forEach(parts, Runnable::run, part -> {
                    if (begun.incrementAndGet() == 3) {
                        throw new IOException("away");
                    }
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("away");
        assertThat(begun).hasValue(3);
    }

    /** A put that still runs would run at the same time as its next attempt. */
    @Test
    void putsThatWereBegunAreAwaitedAfterAFailure() throws IOException {
        CyclicBarrier four = new CyclicBarrier(4);
        AtomicInteger running = new AtomicInteger();
        List<FileObject> parts = parts(4);
        assertThatThrownBy(() -> PartLanes.forEach(parts, THREADS, part -> {
                    running.incrementAndGet();
                    try {
                        boolean fails = four.await(30, TimeUnit.SECONDS) == 0;
                        if (fails) {
                            throw new IOException("away");
                        }
                        Thread.onSpinWait();
                    } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                        throw new IOException(e);
                    } finally {
                        running.decrementAndGet();
                    }
                }))
                .hasMessage("away");
        assertThat(running).hasValue(0);
    }

    @Test
    void threadThatCannotBeStartedIsNotNeeded() throws IOException {
        Set<String> put = ConcurrentHashMap.newKeySet();
        Executor none = task -> {
            throw new OutOfMemoryError("unable to create native thread");
        };
        PartLanes.forEach(parts(6), none, part -> put.add(part.key()));
        assertThat(put).hasSize(6);
    }
}
