package io.veloz.wal.internal.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class GateTest {
    private static final long UNLIMITED = Long.MAX_VALUE;
    private static final int WAITERS = 32;
    private static final int ROUNDS = 2_000 * Integer.getInteger("wal.rounds", 1);

    @Test
    void awaitReturnsAtOnceIfTheValueIsReached() {
        assertThat(new Gate(5).await(5, 0)).isTrue();
    }

    @Test
    void awaitReturnsFalseOnTimeout() {
        Gate gate = new Gate(5);

        assertThat(gate.await(6, 0)).isFalse();
        assertThat(gate.await(6, 1_000)).isFalse();
        assertThat(gate.await(6, -1)).isFalse();
    }

    @Test
    void everyWaiterIsWokenByTheOpening() throws Exception {
        Gate gate = new Gate(0);
        List<CompletableFuture<Boolean>> waiters = new ArrayList<>();
        for (int i = 1; i <= 16; i++) {
            long target = i;
            waiters.add(start(() -> gate.await(target, UNLIMITED)));
        }

        for (int i = 1; i <= 16; i++) {
            gate.open(i);
            assertThat(waiters.get(i - 1).get(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void failureReachesEveryWaiterWhoseValueWasNotReached() throws Exception {
        Gate gate = new Gate(0);
        CompletableFuture<Boolean> reached = start(() -> gate.await(1, UNLIMITED));
        CompletableFuture<Boolean> missed = start(() -> gate.await(2, UNLIMITED));
        gate.open(1);
        gate.fail(() -> new IllegalStateException("over"));

        assertThat(reached.get(30, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> missed.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(IllegalStateException.class);
        assertThat(gate.await(1, 0)).isTrue();
        assertThatThrownBy(() -> gate.await(2, 0)).hasMessage("over");
    }

    @Test
    void interruptedWaiterContinuesToWaitAndStaysInterrupted() throws Exception {
        Gate gate = new Gate(0);
        Thread[] waiter = new Thread[1];
        CompletableFuture<Boolean> kept = start(() -> {
            waiter[0] = Thread.currentThread();
            Thread.currentThread().interrupt();
            gate.await(1, UNLIMITED);
            return Thread.interrupted();
        });
        gate.open(1);

        assertThat(kept.get(30, TimeUnit.SECONDS)).isTrue();
    }

    /** A waiter that times out takes the stack of waiters for a moment. An opener finds the stack empty in that moment. */
    @Test
    void noWakeUpIsLostWhenAnotherWaiterTimesOut() throws Exception {
        Gate gate = new Gate(0);
        AtomicLong opened = new AtomicLong();
        List<CompletableFuture<Boolean>> patient = new ArrayList<>();
        Semaphore through = new Semaphore(0);
        for (int i = 0; i < WAITERS; i++) {
            patient.add(start(() -> {
                for (int round = 1; round <= ROUNDS; round++) {
                    gate.await(round, UNLIMITED);
                    through.release();
                }
                return true;
            }));
        }
        CompletableFuture<Boolean> impatient = start(() -> {
            for (int round = 1; round <= ROUNDS; round++) {
                // No wait after the opening: it would wake waiters that were missed.
                while (opened.get() < round) {
                    gate.await(UNLIMITED, 1);
                }
            }
            return true;
        });
        for (int round = 1; round <= ROUNDS; round++) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (waiting(gate) < WAITERS) {
                if (System.nanoTime() - deadline > 0) {
                    throw new AssertionError("not all threads wait in round " + round);
                }
                Thread.onSpinWait();
            }
            opened.set(round);
            gate.open(round);
            assertThat(through.tryAcquire(WAITERS, 30, TimeUnit.SECONDS))
                    .as("all woken in round %s", round)
                    .isTrue();
        }
        assertThat(impatient.get(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void timedOutWaitersAreRemovedFromTheStack() throws Exception {
        Gate gate = new Gate(0);
        for (int i = 0; i < 10_000; i++) {
            assertThat(gate.await(1, 1)).isFalse();
        }

        assertThat(waiting(gate)).isZero();
    }

    private static int waiting(Gate gate) throws ReflectiveOperationException {
        Field head = Gate.class.getDeclaredField("waiters");
        head.setAccessible(true);
        int count = 0;
        for (Object waiter = head.get(gate); waiter != null; count++) {
            Field next = waiter.getClass().getDeclaredField("next");
            next.setAccessible(true);
            waiter = next.get(waiter);
        }
        return count;
    }

    private static <T> CompletableFuture<T> start(java.util.concurrent.Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                result.complete(task.call());
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return result;
    }
}
