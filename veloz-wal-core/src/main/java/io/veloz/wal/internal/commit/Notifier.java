package io.veloz.wal.internal.commit;

import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalListener;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Completes futures and calls the listener, in the order of the sequences, on a thread of its own: the user's code never
 * runs on the commit thread.
 *
 * <p>A future stands in a slot for the sequence of its first record. It is put there before the record is published, so it
 * is there when the record becomes durable. A slot is free when the record that had it before has been delivered; claims
 * beyond that are refused, which bounds the memory, and keeps all pending futures within one round of the slots.
 *
 * <p>The thread ends only after {@link #stop}, and with no future left. To complete a future takes memory, so a delivery
 * for which there is none stays where it is and is repeated.
 */
final class Notifier implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    private static final long NO_MEMORY_RETRY_NANOS = 10_000_000;

    private final CommitState state;
    private final WalListener listener;
    private final AtomicReferenceArray<@Nullable PendingAppend> slots;
    private final ConcurrentLinkedQueue<Consumer<WalListener>> events = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private final BooleanSupplier ownThread = this::isOwnThread;

    /** Everything up to here has been delivered, or is being delivered: its slots are free. */
    private final Gate delivered;

    private volatile boolean parked;
    private volatile boolean stopping;
    private volatile boolean futuresUsed;

    // Of the notifier's thread alone.
    private long completedTo;
    private long reportedTo;
    private boolean failureDelivered;

    /** Taken out of its slot and not completed yet, for lack of memory. */
    private @Nullable PendingAppend undelivered;

    Notifier(CommitState state, WalListener listener, int slots, String threadName) {
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

    /** Whether the caller is a callback. */
    boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    /** As {@link #isOwnThread}: one object for all futures. */
    BooleanSupplier ownThread() {
        return ownThread;
    }

    /** The highest sequence that has a slot now. */
    long slotLimit() {
        return delivered.value() + slots.length();
    }

    /**
     * Waits until a future for a sequence as high as this has a slot.
     *
     * @throws WalBusyException if it takes too long, or the caller is the notifier itself and would wait for ever
     */
    void awaitSlot(long sequence, long timeoutNanos) {
        // From here on deliveries are counted; before, no future needed them.
        futuresUsed = true;
        if (isOwnThread()) {
            throw new WalBusyException(undelivered(sequence)
                    + ", and a callback cannot wait for them: it runs on the thread that does it");
        }
        wake();
        if (!delivered.await(sequence - slots.length(), timeoutNanos)) {
            throw new WalBusyException(
                    undelivered(sequence) + ", and the slowest callback took " + timeoutNanos / 1_000_000 + " ms");
        }
    }

    private String undelivered(long sequence) {
        return "a future for record " + sequence + " has to wait until record " + (sequence - slots.length())
                + " has been delivered to futures and listener; " + this;
    }

    /** Before the record is published. */
    void register(long firstSequence, PendingAppend pending) {
        futuresUsed = true;
        slots.set(slot(firstSequence), pending);
    }

    /** After the commit thread has acknowledged, or the log has failed. */
    void signal() {
        if (futuresUsed || listener != WalListener.NONE) {
            wake();
        }
    }

    /** Has the listener called. */
    void event(Consumer<WalListener> event) {
        if (listener == WalListener.NONE) {
            return;
        }
        events.add(event);
        wake();
    }

    /** A file was not closed, after all in it is on disk. For a thread that ends: throws nothing. */
    void closeFailed(String what, Throwable cause) {
        try {
            event(target -> target.onPrepareFailed(what + ": " + cause));
        } catch (Throwable t) {
            // Without memory the listener misses it.
        }
    }

    /** Delivers what there is, then ends. Does not wait. */
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

    /** What is pending, for messages. */
    @Override
    public String toString() {
        int futures = 0;
        for (int i = 0; i < slots.length(); i++) {
            futures += slots.get(i) == null ? 0 : 1;
        }
        return "delivered up to " + delivered.value() + ", " + futures + " futures are pending";
    }

    // ---- the notifier's thread

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
                // Memory is out: the user's code is caught where it is called. Nothing is lost, so it is done again.
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
            // What became durable just before the failure counts as such.
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
                    // First, so that an append in the callback finds free slots up to here.
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
        delivered.fail(state.exceptions());
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

    // ---- the notifier's thread, or an appender that finds the log failed

    /** For an appender that registered while the log was failing, so that the notifier may have passed its slot. */
    void failIfPending(long firstSequence, PendingAppend pending) {
        if (slots.get(slot(firstSequence)) == pending) {
            // It leaves its slot last: if there is no memory for its exception, it is still there for another attempt.
            settle(pending, state.exception());
            slots.compareAndSet(slot(firstSequence), pending, null);
        }
    }

    /** Throws only if the future could not be completed, for lack of memory. */
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
                // Of a dependent of the user's, which CompletableFuture does not catch: an error such as
                // StackOverflowError. It has left its queue; the next call runs the others.
                log("a callback of {} failed", pending, t);
            }
        }
    }

    private void call(Consumer<WalListener> event) {
        try {
            event.accept(listener);
        } catch (Throwable t) {
            // This is the user's code on our thread: there is no caller to throw it to.
            log("a call of the listener {} failed", listener.getClass(), t);
        }
    }

    private static void log(String what, Object whose, Throwable t) {
        try {
            LOG.error(what, whose, t);
        } catch (Throwable alsoOfLogging) {
            // Memory that is out, as a rule. This thread has to go on: others wait for their futures.
        }
    }

    private int slot(long sequence) {
        return (int) (sequence & (slots.length() - 1));
    }
}
