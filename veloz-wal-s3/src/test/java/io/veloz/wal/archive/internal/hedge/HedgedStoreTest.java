package io.veloz.wal.archive.internal.hedge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Hedges with a simulated clock: each copy of a put reaches the store at a given time after it was sent, and is answered then. */
class HedgedStoreTest {
    private static final Duration USUAL = Duration.ofMillis(10);
    private static final Duration UNUSUAL = USUAL.multipliedBy(3);
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final ObjectContent CONTENT = ObjectContent.of(new byte[100]);

    private final Time time = new Time();
    private final HeapStore heap = new HeapStore();
    private final Deque<Duration> delays = new ArrayDeque<>();
    private boolean isCopy;
    private int sent;
    private int hedges;
    private final HedgedStore store = new HedgedStore(heap, "ship/", time, this::execute, () -> hedges++);

    /** Time passes only while a thread waits, and during a put on the caller's thread. */
    private static final class Time extends Signal {
        private final TreeMap<Long, Runnable> plan = new TreeMap<>();
        private long nanos;

        @Override
        public long nanoTime() {
            return nanos;
        }

        void at(long when, Runnable what) {
            Runnable before = plan.get(when);
            plan.put(
                    when,
                    before == null
                            ? what
                            : () -> {
                                before.run();
                                what.run();
                            });
        }

        @Override
        public boolean await(BooleanSupplier condition, long timeoutNanos) {
            long end = timeoutNanos == Long.MAX_VALUE ? Long.MAX_VALUE : nanos + timeoutNanos;
            while (!condition.getAsBoolean()) {
                if (plan.isEmpty() || plan.firstKey() > end) {
                    nanos = end;
                    return false;
                }
                var next = plan.pollFirstEntry();
                nanos = Math.max(nanos, next.getKey());
                next.getValue().run();
            }
            return true;
        }
    }

    /** A put on the caller's thread takes the usual time. */
    @BeforeEach
    void takeTime() {
        heap.plan(request -> {
            if (!isCopy) {
                time.nanos += USUAL.toNanos();
            }
            return null;
        });
    }

    private void execute(Runnable copy) {
        sent++;
        Duration delay = delays.isEmpty() ? USUAL : delays.remove();
        time.at(time.nanos + delay.toNanos(), () -> {
            isCopy = true;
            try {
                copy.run();
            } finally {
                isCopy = false;
            }
        });
    }

    /** Makes enough puts for one hedge. */
    private void learn() throws StoreException {
        for (int i = 0; i < PutTimes.ENOUGH; i++) {
            assertThat(store.putIfAbsent("ship/usual" + heap.requests(), CONTENT))
                    .isTrue();
        }
        assertThat(sent).isZero();
    }

    /** The delays of the following copies, in the order in which they are sent. */
    private void copiesTake(Duration... each) {
        delays.addAll(List.of(each));
    }

    private Duration elapsedSince(long start) {
        return Duration.ofNanos(time.nanos - start);
    }

    @Test
    void putThatTakesUnusuallyLongIsSentASecondTime() throws StoreException {
        learn();
        copiesTake(LONG, USUAL);
        long start = time.nanos;
        assertThat(store.putIfAbsent("ship/a", CONTENT)).isTrue();
        assertThat(elapsedSince(start)).isEqualTo(UNUSUAL.plus(USUAL));
        assertThat(hedges).isEqualTo(1);
        assertThat(sent).isEqualTo(2);
    }

    @Test
    void usualPutIsSentOnce() throws StoreException {
        learn();
        copiesTake(UNUSUAL.minusMillis(1));
        assertThat(store.putIfAbsent("ship/a", CONTENT)).isTrue();
        assertThat(hedges).isZero();
        assertThat(sent).isEqualTo(1);
    }

    @Test
    void firstCopyDecidesIfItIsAnsweredFirst() throws StoreException {
        learn();
        copiesTake(UNUSUAL.plusMillis(5), LONG);
        long start = time.nanos;
        assertThat(store.putIfAbsent("ship/a", CONTENT)).isTrue();
        assertThat(elapsedSince(start)).isEqualTo(UNUSUAL.plusMillis(5));
        assertThat(hedges).isEqualTo(1);
    }

    @Test
    void lateAnswerOfTheOtherCopyChangesNothing() throws StoreException {
        learn();
        copiesTake(LONG, USUAL);
        assertThat(store.putIfAbsent("ship/a", CONTENT)).isTrue();
        var before = heap.objects().keySet();
        time.await(() -> false, LONG.multipliedBy(2).toNanos());
        assertThat(heap.objects().keySet()).isEqualTo(before);
        assertThat(store.putIfAbsent("ship/b", CONTENT)).isTrue();
    }

    @Test
    void hedgeIsRefusedIfTheFirstCopyIsStoredButNotAnswered() throws StoreException {
        learn();
        copiesTake(LONG, USUAL);
        time.at(time.nanos + USUAL.toNanos(), () -> heap.damage("ship/a", new byte[100]));
        assertThat(store.putIfAbsent("ship/a", CONTENT)).isFalse();
    }

    @Test
    void failedHedgeWaitsForTheFirstCopy() throws StoreException {
        learn();
        copiesTake(LONG, USUAL);
        heap.plan(Plan.at(heap.requests() + 1, Fault.FAIL));
        long start = time.nanos;
        assertThat(store.putIfAbsent("ship/a", CONTENT)).isTrue();
        assertThat(elapsedSince(start)).isEqualTo(LONG);
    }

    @Test
    void failedFirstCopyWaitsForTheHedge() throws StoreException {
        learn();
        copiesTake(UNUSUAL.plusMillis(5), LONG);
        heap.plan(Plan.at(heap.requests() + 1, Fault.FAIL));
        long start = time.nanos;
        assertThat(store.putIfAbsent("ship/a", CONTENT)).isTrue();
        assertThat(elapsedSince(start)).isEqualTo(UNUSUAL.plus(LONG));
    }

    @Test
    void outcomeIsUnknownIfBothCopiesFail() throws StoreException {
        learn();
        copiesTake(LONG, USUAL);
        heap.plan(request -> Fault.LOSE_ANSWER);
        assertThatThrownBy(() -> store.putIfAbsent("ship/a", CONTENT))
                .isInstanceOf(StoreUnavailableException.class)
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertThat(heap.objects()).containsKey("ship/a");
    }

    @Test
    void putThatFailsBeforeItIsHedgedIsAFailure() throws StoreException {
        learn();
        heap.plan(request -> Fault.FAIL);
        assertThatThrownBy(() -> store.putIfAbsent("ship/a", CONTENT)).isInstanceOf(StoreUnavailableException.class);
        assertThat(sent).isEqualTo(1);
    }

    @Test
    void errorOfACopyReachesTheCaller() throws StoreException {
        learn();
        heap.plan(request -> {
            throw new NoClassDefFoundError("in the store");
        });
        assertThatThrownBy(() -> store.putIfAbsent("ship/a", CONTENT)).isInstanceOf(NoClassDefFoundError.class);
    }

    @Test
    void putIsNotHedgedWhileThreeCopiesOfOthersAreInFlight() throws StoreException {
        learn();
        learnMore();
        for (int i = 1; i <= 3; i++) {
            copiesTake(LONG, USUAL);
            assertThat(store.putIfAbsent("ship/a" + i, CONTENT)).isTrue();
        }
        assertThat(sent).isEqualTo(6);
        assertThat(store.putIfAbsent("ship/b", CONTENT)).isTrue();
        assertThat(sent).isEqualTo(6);
        time.await(() -> false, LONG.multipliedBy(2).toNanos());
        learnMore();
        copiesTake(LONG, USUAL);
        assertThat(store.putIfAbsent("ship/c", CONTENT)).isTrue();
        assertThat(sent).isEqualTo(2);
    }

    /** Makes puts for more hedges. They take the usual time. */
    private void learnMore() throws StoreException {
        for (int i = 0; i < 2 * HedgeBudget.PUTS_PER_HEDGE; i++) {
            store.putIfAbsent("ship/more" + heap.requests(), CONTENT);
        }
        sent = 0;
    }

    @Test
    void firstPutsAreNotHedgedAsTheUsualTimeIsUnknown() throws StoreException {
        for (int i = 0; i < PutTimes.ENOUGH - 1; i++) {
            store.putIfAbsent("ship/" + i, CONTENT);
        }
        copiesTake(LONG);
        store.putIfAbsent("ship/a", CONTENT);
        assertThat(sent).isZero();
    }

    @Test
    void largeObjectAndOtherKeyAreNotHedged() throws StoreException {
        learn();
        store.putIfAbsent("ship/large", ObjectContent.of(new byte[300_000]));
        store.putIfAbsent("segments/a", CONTENT);
        assertThat(sent).isZero();
    }

    @Test
    void storeThatBecomesSlowerIsHedgedAFewTimesOnly() throws StoreException {
        learn();
        learnMore();
        for (int i = 0; i < 500; i++) {
            copiesTake(USUAL.multipliedBy(10), USUAL.multipliedBy(10));
            store.putIfAbsent("ship/slow" + i, CONTENT);
            time.await(() -> false, LONG.toNanos());
            delays.clear();
        }
        assertThat(hedges).isBetween(1, 5);
    }

    @Test
    void hedgesAreLimitedToOneInTwentyPuts() {
        HedgeBudget budget = new HedgeBudget();
        assertThat(budget.hasOne()).isFalse();
        int hedged = 0;
        for (int i = 0; i < 1000; i++) {
            budget.earn();
            if (budget.hasOne()) {
                budget.spend();
                hedged++;
            }
        }
        assertThat(hedged).isEqualTo(50);
        for (int i = 0; i < 1000; i++) {
            budget.earn();
        }
        int inSuccession = 0;
        for (; budget.hasOne(); inSuccession++) {
            budget.spend();
        }
        assertThat(inSuccession).isEqualTo(HedgeBudget.MAX_HEDGES);
    }

    @Test
    void firstCopyDecidesIfTheHedgeCannotBeStarted() throws StoreException {
        int[] started = {0};
        HedgedStore weak = new HedgedStore(
                heap,
                "ship/",
                time,
                copy -> {
                    if (++started[0] == 2) {
                        throw new RejectedExecutionException("no thread");
                    }
                    execute(copy);
                },
                () -> hedges++);
        for (int i = 0; i < PutTimes.ENOUGH; i++) {
            weak.putIfAbsent("ship/" + i, CONTENT);
        }
        copiesTake(LONG);
        assertThat(weak.putIfAbsent("ship/a", CONTENT)).isTrue();
        copiesTake(USUAL);
        assertThat(weak.putIfAbsent("ship/b", CONTENT)).isTrue();
        assertThat(started[0]).isEqualTo(2);
    }
}
