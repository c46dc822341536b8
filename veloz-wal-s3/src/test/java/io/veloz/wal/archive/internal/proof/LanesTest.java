package io.veloz.wal.archive.internal.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LanesTest {
    private static List<Integer> items(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    @Test
    void resultsArriveInTheOrderOfTheItems() throws IOException {
        CountDownLatch second = new CountDownLatch(1);
        List<Integer> results = new ArrayList<>();
        new Lanes(4, "test")
                .forEach(
                        items(100),
                        item -> {
                            if (item == 0) {
                                await(second);
                            } else if (item == 1) {
                                second.countDown();
                            }
                            return item;
                        },
                        results::add);
        assertThat(results).isEqualTo(items(100));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void numberOfRequestsAndResultsAtATimeIsBounded() throws IOException {
        AtomicInteger started = new AtomicInteger();
        AtomicInteger taken = new AtomicInteger();
        new Lanes(3, "test").forEach(items(50), item -> started.incrementAndGet() - taken.get(), ahead -> {
            assertThat(ahead).isLessThanOrEqualTo(4);
            taken.incrementAndGet();
        });
        assertThat(taken.get()).isEqualTo(50);
    }

    @Test
    void firstFailureEndsIt() {
        AtomicInteger started = new AtomicInteger();
        assertThatThrownBy(() -> new Lanes(2, "test")
                        .forEach(
                                items(1000),
                                item -> {
                                    started.incrementAndGet();
                                    if (item == 5) {
                                        throw new IOException("request " + item);
                                    }
                                    return item;
                                },
                                result -> {}))
                .isInstanceOf(IOException.class)
                .hasMessage("request 5");
        assertThat(started.get()).isLessThan(10);
    }

    @Test
    void errorsAreNotWrapped() {
        assertThatThrownBy(() -> new Lanes(2, "test")
                        .forEach(
                                items(1),
                                item -> {
                                    throw new AssertionError("broken");
                                },
                                result -> {}))
                .isInstanceOf(AssertionError.class)
                .hasMessage("broken");
    }
}
