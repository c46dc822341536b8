package io.veloz.wal.orders;

import io.veloz.wal.Durability;
import io.veloz.wal.GroupAppender;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.internal.OverflowSafeLock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends events to the log, and applies them to the store in log order once they are durable. Thread-safe.
 *
 * <p>Appended events wait in a queue. The append lock covers the append to the log and the append to the queue, so that the
 * queue is in log order. The apply lock covers the head of the queue, from which events are removed once their sequence is
 * durable. Records that the application appends to the log are not queued. No thread acquires one of the locks while it
 * holds the other.
 */
final class OrderApplier {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    /** The log is forced again after this wait for a permit, because events appended meanwhile may hold the permits. */
    private static final long PERMIT_WAIT_NANOS = 20_000_000;

    /** An event that is not in the store yet, with the future of its appender, if any. */
    static final class Pending {
        private final long nanos;
        private final OrderEvent event;
        private final @Nullable CompletableFuture<Long> future;

        /** Set under the append lock, before the event is queued. */
        private long sequence;

        private volatile @Nullable Pending next;

        /** The next applied event whose future is not complete. Guarded by the apply lock. */
        private @Nullable Pending nextToComplete;

        Pending(long nanos, OrderEvent event, @Nullable CompletableFuture<Long> future) {
            this.nanos = nanos;
            this.event = event;
            this.future = future;
        }
    }

    private final EventPermits permits;
    private final long timeoutNanos;
    private volatile @Nullable Wal wal;
    private volatile @Nullable GroupAppender appender;
    private volatile @Nullable OrderStore store;
    private volatile LongConsumer whenApplied = sequence -> {};
    private volatile @Nullable Thread notifier;

    /** Why the store no longer matches the log. Once set, no further event is appended or applied. */
    private volatile @Nullable Throwable storeFailure;

    /** Covers the append to the log and to the queue, and guards {@link #tail}. Acquired with a timeout. */
    private final OverflowSafeLock appendLock = new OverflowSafeLock();

    private Pending tail = new Pending(0, new Checkpoint(0, 0, 0), null);

    /** Guards writes to the store, {@link #head}, and the list of futures to complete. */
    private final OverflowSafeLock applyLock = new OverflowSafeLock();

    /** The event that was applied last. The event after it is applied next. */
    private Pending head = tail;

    private @Nullable Pending firstToComplete;
    private @Nullable Pending lastToComplete;

    /** Every event of the log up to this sequence is in the store. Written under the apply lock. */
    private volatile long applied;

    OrderApplier(int maxPendingEvents, Duration timeout) {
        this.permits = new EventPermits(maxPendingEvents);
        this.timeoutNanos = timeout.toNanos();
    }

    /** Called before the first append. */
    void start(Wal log, OrderStore orders) {
        applied = log.lastSequence();
        store = orders;
        // A record of an order type that is no order event would prevent the next open.
        appender = log.reserveTypes(OrderCodec::isOrderType);
        wal = log;
    }

    void whenApplied(LongConsumer listener) {
        whenApplied = listener;
    }

    // ---- append

    /**
     * Appends the records of events to the log, and queues the events.
     *
     * @return the sequence of the last one
     */
    long append(RecordGroup records, Durability durability, Pending... events) {
        Wal log = Objects.requireNonNull(wal);
        GroupAppender orders = Objects.requireNonNull(appender);
        checkUsable();
        // Everything that can fail with an OutOfMemoryError comes before the append.
        for (int i = 0; i + 1 < events.length; i++) {
            events[i].next = events[i + 1];
        }
        long deadline = System.nanoTime() + timeoutNanos;
        acquirePermits(log, events.length, deadline);
        boolean queued = false;
        try {
            lockForAppend(deadline);
            try {
                long last = orders.append(records, durability);
                long sequence = last - events.length;
                for (Pending event : events) {
                    event.sequence = ++sequence;
                }
                // Publishes the events with their sequences.
                tail.next = events[0];
                tail = events[events.length - 1];
                queued = true;
                return last;
            } catch (StackOverflowError e) {
                // It is unknown whether the record is in the log, so the event may be missing in the store.
                storeFailure = e;
                throw e;
            } finally {
                appendLock.owner = null;
                appendLock.wakeNext();
            }
        } finally {
            if (!queued) {
                permits.release(events.length);
            }
        }
    }

    /** Called without the append lock, so that a caller that waits for permits does not block other appends. */
    private void acquirePermits(Wal log, int count, long deadline) {
        while (!permits.tryAcquire(count)) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new WalBusyException(permits.acquired() + " events are pending (not applied, or their futures not"
                        + " complete); the limit is " + permits.limit() + ", and " + count
                        + " more did not fit within " + TimeUnit.NANOSECONDS.toMillis(timeoutNanos) + " ms");
            }
            // The pending events may have a relaxed durability and no force scheduled soon.
            if (log.sync(Duration.ofNanos(left))) {
                applyDurable();
                if (isOnNotifier()) {
                    acquirePermitsOnNotifier(count);
                    return;
                }
                if (permits.acquire(count, Math.min(deadline - System.nanoTime(), PERMIT_WAIT_NANOS))) {
                    return;
                }
            }
        }
    }

    private void acquirePermitsOnNotifier(int count) {
        if (!permits.tryAcquire(count)) {
            throw new WalBusyException(permits.acquired() + " events are pending; the limit is " + permits.limit()
                    + ", and the caller is a callback on the thread that completes their futures");
        }
    }

    /** The owner of the lock may wait for space in the log's buffer, up to the log's timeout. */
    private void lockForAppend(long deadline) {
        if (!appendLock.tryLock(deadline - System.nanoTime())) {
            throw new WalBusyException("other appends waited for space in the append buffer for "
                    + TimeUnit.NANOSECONDS.toMillis(timeoutNanos) + " ms");
        }
    }

    /** Throws if a listener of findings makes the call while an event is applied, or if the store has failed. */
    void checkUsable() {
        checkNotInListener();
        throwIfStoreFailed();
    }

    private void checkNotInListener() {
        if (applyLock.isHeldByCurrentThread()) {
            throw new IllegalStateException("the log was called by a listener of findings, which runs while an event is"
                    + " applied; expected the call on another thread");
        }
    }

    /** Throws before anything is stopped if {@code close} would wait for its own thread. */
    void checkMayClose() {
        checkNotInListener();
        if (isOnNotifier()) {
            throw new IllegalStateException("close was called by a callback on "
                    + Thread.currentThread().getName()
                    + ", which it waits for; call it on a thread of the application");
        }
    }

    private void throwIfStoreFailed() {
        Throwable cause = storeFailure;
        if (cause != null) {
            throw storeFailed(cause);
        }
    }

    private WalFailedException storeFailed(Throwable cause) {
        Wal log = Objects.requireNonNull(wal);
        String reason = "the record after " + applied + " could not be applied to the store: " + cause;
        return new WalFailedException(reason, log.durableSequence(), log.lastSequence(), cause);
    }

    // ---- apply

    /** Returns when every event up to a sequence is in the store. The sequence must be durable. */
    void applyUpTo(long sequence) {
        if (applied >= sequence) {
            return;
        }
        applyDurable();
        if (applied < sequence) {
            // The record is not an order event, or another thread has appended it and not queued it yet.
            awaitAppends();
            applyDurable();
        }
    }

    /** Returns when every event that already has a sequence is queued. */
    private void awaitAppends() {
        appendLock.lock();
        try {
            // The previous owner of the lock has queued its events.
        } finally {
            appendLock.owner = null;
            appendLock.wakeNext();
        }
    }

    private void applyDurable() {
        OrderStore orders = Objects.requireNonNull(store);
        Wal log = Objects.requireNonNull(wal);
        checkUsable();
        applyLock.lock();
        try {
            throwIfStoreFailed();
            long before = applied;
            long durable = log.durableSequence();
            @Nullable Pending event = head.next;
            while (event != null && event.sequence <= durable) {
                apply(orders, event);
                event = event.next;
            }
            if (applied > before) {
                whenApplied.accept(applied);
            }
        } finally {
            applyLock.owner = null;
            applyLock.wakeNext();
        }
    }

    private void apply(OrderStore orders, Pending event) {
        try {
            orders.apply(event.sequence, event.nanos, event.event);
        } catch (Throwable t) {
            // The event stays in the queue, and its future fails with all later ones. To continue would skip the event.
            storeFailure = t;
            throw storeFailed(t);
        }
        // Unlinked, so that a long chain of applied events can be garbage-collected.
        head.next = null;
        head = event;
        applied = event.sequence;
        if (event.future == null) {
            permits.release(1);
        } else if (lastToComplete == null) {
            firstToComplete = event;
            lastToComplete = event;
        } else {
            lastToComplete.nextToComplete = event;
            lastToComplete = event;
        }
    }

    // ---- complete, on the notifier thread of the log

    /** Whether the caller runs on the notifier thread, in a callback. */
    boolean isOnNotifier() {
        return Thread.currentThread() == notifier;
    }

    /** The first call of the notifier thread. */
    void onOpened() {
        notifier = Thread.currentThread();
    }

    /** Applies the durable events that no caller has applied, and completes futures in order. */
    void onDurable() {
        Wal log = wal;
        if (log == null) {
            return;
        }
        @Nullable Throwable failure = null;
        try {
            long durable = log.durableSequence();
            if (applied < durable) {
                applyDurable();
                // Before the wait that may follow: the owner of the append lock may wait for permits.
                completeApplied();
            }
            // A record may be durable before its appender has queued the event, and this may be the last call for it.
            applyUpTo(durable);
        } catch (Throwable t) {
            failure = t;
            // An OutOfMemoryError too: the events that fail below never reach the store, so no more may be appended.
            if (storeFailure == null) {
                storeFailure = t;
            }
        }
        completeApplied();
        if (failure != null) {
            failPending(failure);
        }
    }

    /** Fails all events that are not durable: they never will be. */
    void onFailed(WalFailedException failure) {
        end(failure);
    }

    /** The last call: the log no longer accepts appends. */
    void onClosed() {
        Wal log = wal;
        if (log != null) {
            end(new WalFailedException("the log is closed", log.durableSequence(), log.lastSequence(), null));
        }
    }

    private void end(WalFailedException failure) {
        if (wal != null) {
            awaitAppends();
            onDurable();
            failPending(failure);
        }
    }

    private void completeApplied() {
        @Nullable Pending event;
        applyLock.lock();
        try {
            event = firstToComplete;
            firstToComplete = null;
            lastToComplete = null;
        } finally {
            applyLock.owner = null;
            applyLock.wakeNext();
        }
        while (event != null) {
            @Nullable Pending next = event.nextToComplete;
            complete(event, null);
            event = next;
        }
    }

    private void failPending(Throwable failure) {
        @Nullable Pending event;
        @Nullable Pending last;
        applyLock.lock();
        try {
            event = head.next;
            last = event;
            while (last != null) {
                head = last;
                last = last.next;
            }
            last = head;
        } finally {
            applyLock.owner = null;
            applyLock.wakeNext();
        }
        // Up to the last one that was removed above: more events may have been queued since.
        while (event != null) {
            complete(event, failure);
            event = event == last ? null : event.next;
        }
    }

    private void complete(Pending event, @Nullable Throwable failure) {
        CompletableFuture<Long> future = event.future;
        try {
            if (future != null && failure != null) {
                future.completeExceptionally(failure);
            } else if (future != null) {
                future.complete(event.sequence);
            }
        } catch (Throwable t) {
            // An error of the user's callback that CompletableFuture does not catch. Other futures still wait.
            logError("a callback for record " + event.sequence + " failed", t);
        } finally {
            permits.release(1);
        }
    }

    private static void logError(String message, Throwable t) {
        try {
            LOG.error(message, t);
        } catch (Throwable loggingFailed) {
            // Usually an OutOfMemoryError. The thread must keep running: other futures are not complete.
        }
    }
}
