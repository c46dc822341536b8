package io.veloz.wal.orders;

import io.veloz.wal.Wal;
import io.veloz.wal.WalFailedException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings events that became durable into the store, in the order of their sequences, whichever thread appended them. Any
 * thread may add and apply.
 *
 * <p>An event waits in the slot of its sequence from the append until it is applied; the slots bound how many wait.
 */
final class OrderApplier {
    private static final int SLOTS = 1 << 16;

    /** An event that has a sequence and is not in the store yet; the future, if any, is for the appender. */
    record Pending(long nanos, OrderEvent event, @Nullable CompletableFuture<Long> future) {}

    private record Applied(long sequence, CompletableFuture<Long> future) {}

    private final AtomicReferenceArray<@Nullable Pending> slots = new AtomicReferenceArray<>(SLOTS);
    private @Nullable Wal wal;
    private @Nullable OrderStore store;
    private LongConsumer whenApplied = sequence -> {};

    /** Guards the store's writing side, {@link #applied} and {@link #toComplete}. */
    private final ReentrantLock lock = new ReentrantLock();

    private final ArrayDeque<Applied> toComplete = new ArrayDeque<>();
    private volatile long applied;

    /** Before the first append. */
    void start(Wal log, OrderStore orders) {
        wal = log;
        store = orders;
        applied = log.lastSequence();
    }

    void whenApplied(LongConsumer listener) {
        whenApplied = listener;
    }

    /** Right after the append: who applies waits for it. */
    void add(long sequence, Pending pending) {
        int slot = slot(sequence);
        while (slots.get(slot) != null) {
            // So many events wait to become durable that the slots are used up. The oldest goes first.
            Wal log = Objects.requireNonNull(wal);
            if (!log.awaitDurable(sequence - SLOTS, Duration.ZERO)) {
                log.sync();
            }
            applyUpTo(sequence - SLOTS);
        }
        slots.set(slot, pending);
    }

    /** Returns when everything up to a sequence, which must be durable, is in the store. */
    void applyUpTo(long sequence) {
        OrderStore orders = Objects.requireNonNull(store);
        if (applied >= sequence) {
            return;
        }
        lock.lock();
        try {
            for (long next = applied + 1; next <= sequence; next++) {
                Pending pending = take(next);
                orders.apply(next, pending.nanos(), pending.event());
                if (pending.future() != null) {
                    toComplete.add(new Applied(next, pending.future()));
                }
                applied = next;
            }
        } finally {
            lock.unlock();
        }
        whenApplied.accept(sequence);
    }

    private Pending take(long sequence) {
        while (true) {
            @Nullable Pending pending = slots.getAndSet(slot(sequence), null);
            if (pending != null) {
                return pending;
            }
            // Its appender has the sequence already, and stores the event as the very next thing.
            LockSupport.parkNanos(this, 1_000);
        }
    }

    /** On the log's notifying thread: applies what nobody waits for, and completes futures in order. */
    void onDurable(long durableSequence) {
        if (store == null) {
            return;
        }
        applyUpTo(durableSequence);
        while (true) {
            @Nullable Applied next;
            lock.lock();
            try {
                next = toComplete.poll();
            } finally {
                lock.unlock();
            }
            if (next == null) {
                return;
            }
            next.future().complete(next.sequence());
        }
    }

    /** On the log's notifying thread: what is not durable now never will be. */
    void onFailed(WalFailedException failure) {
        onDurable(failure.durableSequence());
        for (int slot = 0; slot < SLOTS; slot++) {
            @Nullable Pending pending = slots.get(slot);
            if (pending != null && pending.future() != null) {
                pending.future().completeExceptionally(failure);
            }
        }
    }

    private static int slot(long sequence) {
        return (int) (sequence & (SLOTS - 1));
    }
}
