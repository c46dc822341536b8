package io.veloz.wal.internal.commit;

import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalListener;
import io.veloz.wal.internal.CallbackFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The notifier thread: completes futures and calls the listener, in the order of the sequences. So user code never runs on
 * the commit thread.
 *
 * <p>A future is stored in a slot that is chosen by the sequence of its first record. It is stored before the record is
 * published, and therefore before the record becomes durable. A slot is free when the record that used it before has been
 * delivered. Claims that would need an occupied slot are refused, which bounds the memory and keeps all pending futures
 * within one round of the slots.
 *
 * <p>The thread ends only after {@link #stop}, and only when no future is pending. Completing a future allocates, so a
 * delivery that fails with an {@link OutOfMemoryError} is retried.
 */
public final class Notifier implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    private static final long NO_MEMORY_RETRY_NANOS = 10_000_000;

    private final CommitState state;
    private final WalListener listener;
    private final AtomicReferenceArray<@Nullable PendingAppend> slots;
    private final ConcurrentLinkedQueue<Consumer<WalListener>> events = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private final BooleanSupplier ownThread = this::isOwnThread;

    /** Everything up to this sequence has been delivered or is being delivered, so its slots are free. */
    private final Gate delivered;

    private volatile boolean parked;
    private volatile boolean stopping;
    private volatile boolean futuresUsed;

    // Used by the notifier thread only.
    private long completedTo;
    private long reportedTo;
    private boolean failureDelivered;

    /** A future that was taken out of its slot and could not be completed yet, because memory had run out. */
    private @Nullable PendingAppend undelivered;

    /**
     * The future of an append, and the sequence that it completes with: of its record, or of the last record of its group.
     * Created before the sequence is claimed, so that nothing after the claim allocates.
     */
    public static class PendingAppend extends CallbackFuture<Long> {
        /** Set once, after the claim and before the future is registered. */
        long sequence;

        PendingAppend(Notifier notifier) {
            super(notifier.ownThread);
        }

        @Override
        public String toString() {
            return "the append of record " + sequence;
        }
    }

    /** Creates the thread, with at least the given number of slots. */
    public Notifier(CommitState state, WalListener listener, int slots, String threadName) {
        this.state = state;
        this.listener = listener;
        this.slots = new AtomicReferenceArray<>(Integer.highestOneBit(slots * 2 - 1));
        this.reportedTo = state.durable.value();
        this.completedTo = reportedTo;
        this.delivered = new Gate(reportedTo);
        this.thread = new Thread(this, threadName);
        thread.setDaemon(true);
    }

    void start(Consumer<Thread> starter) {
        starter.accept(thread);
    }

    /** Returns whether the caller runs in a callback. */
    boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    /** Returns the highest sequence whose slot is free now. */
    long slotLimit() {
        return delivered.value() + slots.length();
    }

    /**
     * Waits until the slot for a sequence is free.
     *
     * @throws WalBusyException on timeout, or if the caller runs in a callback and would wait for itself
     */
    void awaitSlot(long sequence, long timeoutNanos) {
        // Deliveries are counted from now on. Before, no future needed the count.
        futuresUsed = true;
        if (isOwnThread()) {
            throw new WalBusyException(undelivered(sequence)
                    + ", and a callback cannot wait for that: it runs on the thread that delivers");
        }
        wake();
        if (!delivered.await(sequence - slots.length(), timeoutNanos)) {
            throw new WalBusyException(
                    undelivered(sequence) + ", which took longer than " + timeoutNanos / 1_000_000 + " ms");
        }
    }

    private String undelivered(long sequence) {
        return "the future of record " + sequence + " has to wait until record " + (sequence - slots.length())
                + " has been delivered to futures and listener; " + this;
    }

    /** Stores a future in its slot. Call it before the record is published. */
    void register(long firstSequence, PendingAppend pending) {
        futuresUsed = true;
        slots.set(slot(firstSequence), pending);
    }

    /** Wakes the thread. Call it after an acknowledgement, or when the log has failed. */
    public void signal() {
        if (futuresUsed || listener != WalListener.NONE) {
            wake();
        }
    }

    /** Queues a call of the listener. */
    public void event(Consumer<WalListener> event) {
        if (listener == WalListener.NONE) {
            return;
        }
        events.add(event);
        wake();
    }

    /** Reports a file whose close failed after everything in it was durable. Throws nothing, for a thread that ends. */
    void closeFailed(String what, Throwable cause) {
        try {
            event(target -> target.onPrepareFailed(what + ": " + cause));
        } catch (Throwable t) {
            // Out of memory: the listener misses the event.
        }
    }

    /** Makes the thread deliver everything pending and end. Returns at once. */
    void stop() {
        stopping = true;
        wake();
    }

    boolean join(long timeoutNanos) {
        return Threads.join(thread, timeoutNanos);
    }

    private void wake() {
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    /** Describes the pending deliveries, for messages. */
    @Override
    public String toString() {
        int futures = 0;
        for (int i = 0; i < slots.length(); i++) {
            futures += slots.get(i) == null ? 0 : 1;
        }
        return "delivered up to " + delivered.value() + ", " + futures + " futures are pending";
    }

    // ---- the notifier thread

    @Override
    public void run() {
        while (true) {
            boolean last = stopping;
            try {
                deliver();
                if (last) {
                    break;
                }
                waitForWork();
            } catch (Throwable t) {
                // Out of memory, since errors of user code are caught at the call. Nothing was lost, so retry.
                LockSupport.parkNanos(this, NO_MEMORY_RETRY_NANOS);
            }
        }
        call(WalListener::onClosed);
    }

    private void waitForWork() {
        parked = true;
        try {
            if (!stopping && !hasWork()) {
                LockSupport.parkNanos(this, Threads.LONGEST_PARK_NANOS);
            }
        } finally {
            parked = false;
            var unused = Thread.interrupted();
        }
    }

    private boolean hasWork() {
        return !events.isEmpty()
                || undelivered != null
                || state.durable.value() > reportedTo
                || (state.hasFailed() && !failureDelivered);
    }

    private void deliver() {
        deliverDurable();
        if (state.hasFailed() && !failureDelivered) {
            // Records that became durable just before the failure are reported as durable.
            deliverDurable();
            deliverFailure();
        }
        @Nullable Consumer<WalListener> event;
        while ((event = events.poll()) != null) {
            call(event);
        }
    }

    private void deliverDurable() {
        completeUndelivered();
        long durable = state.durable.value();
        if (durable == reportedTo) {
            return;
        }
        if (futuresUsed) {
            long end = Math.min(durable, completedTo + slots.length());
            for (long sequence = completedTo + 1; sequence <= end; sequence++) {
                undelivered = slots.getAndSet(slot(sequence), null);
                if (undelivered != null) {
                    // Opened before the callback runs, so that an append in the callback finds these slots free.
                    delivered.open(sequence);
                    completedTo = sequence;
                    completeUndelivered();
                }
            }
        }
        Consumer<WalListener> event = target -> target.onDurable(durable);
        completedTo = durable;
        delivered.open(durable);
        reportedTo = durable;
        call(event);
    }

    private void completeUndelivered() {
        @Nullable PendingAppend pending = undelivered;
        if (pending != null) {
            settle(pending, null);
            undelivered = null;
        }
    }

    private void deliverFailure() {
        WalException failure = state.exception();
        delivered.fail(state.exceptionSupplier());
        for (long sequence = completedTo + 1; sequence <= completedTo + slots.length(); sequence++) {
            @Nullable PendingAppend pending = slots.get(slot(sequence));
            if (pending != null) {
                failIfPending(sequence, pending);
            }
        }
        Consumer<WalListener> event = target -> target.onFailed((WalFailedException) failure);
        failureDelivered = true;
        call(event);
    }

    // ---- the notifier thread, or an appender that finds the log failed

    /** Fails a future that is still in its slot: the appender may register after the notifier has passed the slot. */
    void failIfPending(long firstSequence, PendingAppend pending) {
        if (slots.get(slot(firstSequence)) == pending) {
            // Removed last: if memory runs out while the exception is created, the future remains for a retry.
            settle(pending, state.exception());
            slots.compareAndSet(slot(firstSequence), pending, null);
        }
    }

    /** Completes a future. Throws only if it could not be completed because memory has run out. */
    private static void settle(PendingAppend pending, @Nullable WalException failure) {
        while (true) {
            try {
                boolean unused =
                        failure == null ? pending.complete(pending.sequence) : pending.completeExceptionally(failure);
                return;
            } catch (Throwable t) {
                if (!pending.isDone()) {
                    throw t;
                }
                // An error such as StackOverflowError in a stage of the user, which CompletableFuture does not catch.
                // The stage has left its queue; the next call runs the remaining ones.
                log("callback of {} failed", pending, t);
            }
        }
    }

    private void call(Consumer<WalListener> event) {
        try {
            event.accept(listener);
        } catch (Throwable t) {
            // User code on this thread: there is no caller to throw the error to.
            log("call of listener {} failed", listener.getClass(), t);
        }
    }

    private static void log(String format, Object subject, Throwable t) {
        try {
            LOG.error(format, subject, t);
        } catch (Throwable loggingFailed) {
            // Usually out of memory. This thread must continue: other callers wait for their futures.
        }
    }

    private int slot(long sequence) {
        return (int) (sequence & (slots.length() - 1));
    }
}
