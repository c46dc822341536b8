package io.veloz.wal.internal.commit;

import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalListener;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Completes futures and calls the listener, in the order of the sequences, on a thread of its own: the user's code never
 * runs on the commit thread.
 *
 * <p>A future stands in a slot for its sequence. It is put there before its record is published, so it is there when the
 * record becomes durable. A slot is free when the record that had it before has been delivered; claims beyond that are
 * refused, which bounds the memory.
 */
final class Notifier implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    private final CommitState state;
    private final WalListener listener;
    private final AtomicReferenceArray<@Nullable CompletableFuture<Long>> slots;
    private final ArrayDeque<Consumer<WalListener>> events = new ArrayDeque<>();
    private final Thread thread;

    /** Everything up to here has been delivered. */
    private final Gate delivered;

    private volatile boolean parked;
    private volatile boolean stopping;
    private volatile boolean futuresUsed;

    Notifier(CommitState state, WalListener listener, int slots, String threadName) {
        this.state = state;
        this.listener = listener;
        this.slots = new AtomicReferenceArray<>(Integer.highestOneBit(slots * 2 - 1));
        this.delivered = new Gate(state.durable.value());
        this.thread = new Thread(this, threadName);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** The highest sequence that has a slot now. */
    long sequenceLimit() {
        return delivered.value() + slots.length();
    }

    /**
     * Waits until a future for a sequence as high as this has a slot.
     *
     * @throws WalBusyException if it takes too long, or the caller is the notifier itself and would wait for ever
     */
    void awaitSlot(long sequence, long timeoutNanos) {
        if (Thread.currentThread() == thread) {
            throw new WalBusyException(
                    slots.length() + " futures are pending, and this is the thread that completes them");
        }
        // From here on deliveries are counted; before, nobody was interested in them.
        futuresUsed = true;
        wake();
        if (!delivered.await(sequence - slots.length(), timeoutNanos)) {
            throw new WalBusyException("more than " + slots.length() + " records are waiting for their futures or the"
                    + " listener to be called; the slowest of them has held up the others for "
                    + timeoutNanos / 1_000_000 + " ms");
        }
    }

    /** Before the record is published. */
    void register(long sequence, CompletableFuture<Long> future) {
        futuresUsed = true;
        slots.set(slot(sequence), future);
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
        synchronized (events) {
            events.add(event);
        }
        wake();
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

    @Override
    public void run() {
        while (true) {
            boolean last = stopping;
            deliver();
            if (last) {
                break;
            }
            parked = true;
            if (!stopping && !hasWork()) {
                LockSupport.park(this);
            }
            parked = false;
            var unused = Thread.interrupted();
        }
        call(WalListener::onClosed);
    }

    private boolean hasWork() {
        synchronized (events) {
            if (!events.isEmpty()) {
                return true;
            }
        }
        return state.durable.value() > delivered.value() || (state.hasFailed() && !failureDelivered);
    }

    private boolean failureDelivered;

    private void deliver() {
        deliverDurable();
        if (state.hasFailed() && !failureDelivered) {
            failureDelivered = true;
            // What became durable just before the failure counts as such.
            deliverDurable();
            deliverFailure();
        }
        while (true) {
            @Nullable Consumer<WalListener> event;
            synchronized (events) {
                event = events.poll();
            }
            if (event == null) {
                return;
            }
            call(event);
        }
    }

    private void deliverDurable() {
        long durable = state.durable.value();
        long from = delivered.value();
        if (durable == from) {
            return;
        }
        if (futuresUsed) {
            for (long sequence = Math.max(from, durable - slots.length()) + 1; sequence <= durable; sequence++) {
                @Nullable CompletableFuture<Long> future = slots.getAndSet(slot(sequence), null);
                if (future != null) {
                    complete(future, sequence);
                }
            }
        }
        call(target -> target.onDurable(durable));
        delivered.open(durable);
    }

    private void deliverFailure() {
        WalException failure = state.exception();
        long last = ((WalFailedException) failure).lastInDoubt();
        for (long sequence = delivered.value() + 1; sequence <= last; sequence++) {
            @Nullable CompletableFuture<Long> future = slots.getAndSet(slot(sequence), null);
            if (future != null) {
                fail(future, state.exception());
            }
        }
        delivered.fail(state::exception);
        call(target -> target.onFailed((WalFailedException) failure));
    }

    /** For an appender that registered while the log was failing, so that the notifier may have passed its slot. */
    void failIfPending(long sequence, CompletableFuture<Long> future) {
        if (slots.compareAndSet(slot(sequence), future, null)) {
            fail(future, state.exception());
        }
    }

    private static void complete(CompletableFuture<Long> future, long sequence) {
        try {
            future.complete(sequence);
        } catch (Throwable t) {
            // Of a dependent of the user's, which CompletableFuture does not catch: an error such as
            // StackOverflowError.
            LOG.error("a callback for record {} failed", sequence, t);
        }
    }

    private static void fail(CompletableFuture<Long> future, WalException failure) {
        try {
            future.completeExceptionally(failure);
        } catch (Throwable t) {
            LOG.error("a callback for a failed record failed", t);
        }
    }

    private void call(Consumer<WalListener> event) {
        try {
            event.accept(listener);
        } catch (Throwable t) {
            // Nobody can be handed it: this is the user's code on our thread.
            LOG.error("the listener {} failed", listener, t);
        }
    }

    private int slot(long sequence) {
        return (int) (sequence & (slots.length() - 1));
    }
}
