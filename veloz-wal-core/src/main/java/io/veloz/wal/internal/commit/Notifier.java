package io.veloz.wal.internal.commit;

import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalListener;
import java.util.ArrayDeque;
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
 * <p>A future stands in a slot for the sequence of its first record. It is put there before the record is published, so it
 * is there when the record becomes durable. A slot is free when the record that had it before has been delivered; claims
 * beyond that are refused, which bounds the memory, and keeps all pending futures within one round of the slots.
 */
final class Notifier implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    private final CommitState state;
    private final WalListener listener;
    private final AtomicReferenceArray<@Nullable PendingAppend> slots;
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

    void start(Consumer<Thread> starter) {
        starter.accept(thread);
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
            long end = Math.min(durable, from + slots.length());
            for (long sequence = from + 1; sequence <= end; sequence++) {
                @Nullable PendingAppend pending = slots.getAndSet(slot(sequence), null);
                if (pending != null) {
                    complete(pending);
                }
            }
        }
        call(target -> target.onDurable(durable));
        delivered.open(durable);
    }

    private void deliverFailure() {
        WalException failure = state.exception();
        long from = delivered.value();
        for (long sequence = from + 1; sequence <= from + slots.length(); sequence++) {
            @Nullable PendingAppend pending = slots.getAndSet(slot(sequence), null);
            if (pending != null) {
                fail(pending, state.exception());
            }
        }
        delivered.fail(state::exception);
        call(target -> target.onFailed((WalFailedException) failure));
    }

    /** For an appender that registered while the log was failing, so that the notifier may have passed its slot. */
    void failIfPending(long firstSequence, PendingAppend pending) {
        if (slots.compareAndSet(slot(firstSequence), pending, null)) {
            fail(pending, state.exception());
        }
    }

    private static void complete(PendingAppend pending) {
        try {
            pending.future().complete(pending.sequence());
        } catch (Throwable t) {
            // Of a dependent of the user's, which CompletableFuture does not catch: an error such as
            // StackOverflowError.
            log("a callback for record " + pending.sequence() + " failed", t);
        }
    }

    private static void fail(PendingAppend pending, WalException failure) {
        try {
            pending.future().completeExceptionally(failure);
        } catch (Throwable t) {
            log("a callback for failed record " + pending.sequence() + " failed", t);
        }
    }

    private void call(Consumer<WalListener> event) {
        try {
            event.accept(listener);
        } catch (Throwable t) {
            // Nobody can be handed it: this is the user's code on our thread.
            log("a call of the listener " + listener.getClass().getName() + " failed", t);
        }
    }

    private static void log(String what, Throwable t) {
        try {
            LOG.error(what, t);
        } catch (Throwable alsoOfLogging) {
            // Memory that is out, as a rule. This thread has to go on: others wait for their futures.
        }
    }

    private int slot(long sequence) {
        return (int) (sequence & (slots.length() - 1));
    }
}
