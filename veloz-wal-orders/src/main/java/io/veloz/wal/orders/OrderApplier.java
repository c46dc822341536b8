package io.veloz.wal.orders;

import io.veloz.wal.Durability;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalFailedException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends events to the log, and applies them to the store when they are durable, in the order of the log. Any thread may
 * append and apply.
 *
 * <p>Appended events wait in a queue. One lock covers the append to the log and the append to the queue, so the queue is in
 * the order of the log. Another lock covers the head of the queue: entries leave it while their sequence is durable. Records
 * that others append to the log have no entry. No thread takes one of the locks while it holds the other.
 */
final class OrderApplier {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    /** How long a wait for room lasts until the log is forced again: events that came meanwhile may hold the room. */
    private static final long ROOM_SLICE_NANOS = 20_000_000;

    /** An event on its way into the store. The future, if any, is for the appender. */
    static final class Entry {
        private final long nanos;
        private final OrderEvent event;
        private final @Nullable CompletableFuture<Long> future;

        /** Set under the append lock, before the entry is in the queue. */
        private long sequence;

        private volatile @Nullable Entry next;

        /** The next applied entry whose future is not complete. Guarded by the apply lock. */
        private @Nullable Entry nextToComplete;

        Entry(long nanos, OrderEvent event, @Nullable CompletableFuture<Long> future) {
            this.nanos = nanos;
            this.event = event;
            this.future = future;
        }
    }

    private final Room room;
    private final long timeoutNanos;
    private volatile @Nullable Wal wal;
    private volatile @Nullable OrderStore store;
    private volatile LongConsumer whenApplied = sequence -> {};
    private volatile @Nullable Thread notifier;

    /** Why the store is not what the log adds up to; then no event is appended or applied any more. */
    private volatile @Nullable Throwable storeFailure;

    /** Covers the append to the log and to the queue, and guards {@link #tail}. Waited for with a timeout. */
    private final OverflowSafeLock appendLock = new OverflowSafeLock();

    private Entry tail = new Entry(0, new Checkpoint(0, 0, 0), null);

    /** Guards the writing side of the store, {@link #head}, and the list of entries to complete. */
    private final OverflowSafeLock applyLock = new OverflowSafeLock();

    /** The entry that was applied last; the one after it is next. */
    private Entry head = tail;

    private @Nullable Entry firstToComplete;
    private @Nullable Entry lastToComplete;

    /** Every event of the log up to this sequence is in the store. Written under the apply lock. */
    private volatile long applied;

    OrderApplier(int maxPendingEvents, Duration timeout) {
        this.room = new Room(maxPendingEvents);
        this.timeoutNanos = timeout.toNanos();
    }

    /** Before the first append. */
    void start(Wal log, OrderStore orders) {
        applied = log.lastSequence();
        store = orders;
        wal = log;
    }

    void whenApplied(LongConsumer listener) {
        whenApplied = listener;
    }

    // ---- append

    /**
     * Appends events: their records, and an entry for each.
     *
     * @return the sequence of the last one
     */
    long append(RecordGroup records, Durability durability, Entry... entries) {
        Wal log = Objects.requireNonNull(wal);
        checkUsable();
        // All that can fail for lack of memory comes before the append.
        for (int i = 0; i + 1 < entries.length; i++) {
            entries[i].next = entries[i + 1];
        }
        long deadline = System.nanoTime() + timeoutNanos;
        takeRoom(log, entries.length, deadline);
        boolean queued = false;
        try {
            lockForAppend(deadline);
            try {
                long last = log.append(records, durability);
                long sequence = last - entries.length;
                for (Entry entry : entries) {
                    entry.sequence = ++sequence;
                }
                // Publishes the entries with their sequences.
                tail.next = entries[0];
                tail = entries[entries.length - 1];
                queued = true;
                return last;
            } catch (StackOverflowError e) {
                // Whether the record is in the log is not known, so the store may miss it.
                storeFailure = e;
                throw e;
            } finally {
                appendLock.owner = null;
                appendLock.wakeNext();
            }
        } finally {
            if (!queued) {
                room.give(entries.length);
            }
        }
    }

    /** Before the append lock is taken, so that a caller who waits for room does not keep others from it. */
    private void takeRoom(Wal log, int count, long deadline) {
        while (!room.tryTake(count)) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new WalBusyException(room.taken() + " events are not applied, or their futures not complete; the"
                        + " limit is " + room.capacity() + ", and there was no room for " + count + " more in "
                        + TimeUnit.NANOSECONDS.toMillis(timeoutNanos) + " ms");
            }
            // Events with a relaxed durability may hold the room, and no force comes for them soon.
            if (log.sync(Duration.ofNanos(left))) {
                applyDurable();
                if (isOnNotifier()) {
                    takeRoomOnNotifier(count);
                    return;
                }
                if (room.take(count, Math.min(deadline - System.nanoTime(), ROOM_SLICE_NANOS))) {
                    return;
                }
            }
        }
    }

    private void takeRoomOnNotifier(int count) {
        if (!room.tryTake(count)) {
            throw new WalBusyException(room.taken() + " events are pending; the limit is " + room.capacity()
                    + ", and the caller is a callback on the thread that completes their futures");
        }
    }

    /** The owner may wait for room in the log's buffer, as long as the log's timeout allows. */
    private void lockForAppend(long deadline) {
        if (!appendLock.tryLock(deadline - System.nanoTime())) {
            throw new WalBusyException("other appends waited for room in the append buffer for "
                    + TimeUnit.NANOSECONDS.toMillis(timeoutNanos) + " ms");
        }
    }

    /** Refuses calls of a listener that runs while an event is applied, and calls after the store has failed. */
    void checkUsable() {
        refuseListener();
        throwIfStoreFailed();
    }

    private void refuseListener() {
        if (applyLock.isHeldByCurrentThread()) {
            throw new IllegalStateException("the log was called by a listener of findings, which runs while an event is"
                    + " applied; expected the call on another thread");
        }
    }

    /** Refuses a close that would wait for its own thread, before anything is stopped. */
    void checkMayClose() {
        refuseListener();
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

    /** Returns when every event up to a sequence, which must be durable, is in the store. */
    void applyUpTo(long sequence) {
        if (applied >= sequence) {
            return;
        }
        applyDurable();
        if (applied < sequence) {
            // The record is not an event of this log, or another thread has appended and not queued it yet.
            awaitAppends();
            applyDurable();
        }
    }

    /** Returns when each append that has a sequence has queued its entry. */
    private void awaitAppends() {
        appendLock.lock();
        try {
            // Whoever held it has queued its entries.
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
            @Nullable Entry entry = head.next;
            while (entry != null && entry.sequence <= durable) {
                apply(orders, entry);
                entry = entry.next;
            }
            if (applied > before) {
                whenApplied.accept(applied);
            }
        } finally {
            applyLock.owner = null;
            applyLock.wakeNext();
        }
    }

    private void apply(OrderStore orders, Entry entry) {
        try {
            orders.apply(entry.sequence, entry.nanos, entry.event);
        } catch (Throwable t) {
            // The entry stays in the queue, and its future fails with those after it: to go on would leave it out.
            storeFailure = t;
            throw storeFailed(t);
        }
        // Cut off, so that a long chain of applied entries does not hold each other in memory.
        head.next = null;
        head = entry;
        applied = entry.sequence;
        if (entry.future == null) {
            room.give(1);
        } else if (lastToComplete == null) {
            firstToComplete = entry;
            lastToComplete = entry;
        } else {
            lastToComplete.nextToComplete = entry;
            lastToComplete = entry;
        }
    }

    // ---- complete, on the notifying thread of the log

    /** Whether the caller is a callback. */
    boolean isOnNotifier() {
        return Thread.currentThread() == notifier;
    }

    /** The first call of the notifying thread. */
    void onOpened() {
        notifier = Thread.currentThread();
    }

    /** Applies what no thread waits for, and completes futures in order. */
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
                // Not after the wait that may follow: whoever has the append lock may wait for room.
                completeApplied();
            }
            // A record may be durable before its appender has queued it, and no further call may come for it.
            applyUpTo(durable);
        } catch (Throwable t) {
            failure = t;
            // Also for lack of memory: what fails below never reaches the store, so the log must not go on beside it.
            if (storeFailure == null) {
                storeFailure = t;
            }
        }
        completeApplied();
        if (failure != null) {
            failPending(failure);
        }
    }

    /** What is not durable now never will be. */
    void onFailed(WalFailedException failure) {
        end(failure);
    }

    /** The last call: from now on the log refuses every append. */
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
        @Nullable Entry entry;
        applyLock.lock();
        try {
            entry = firstToComplete;
            firstToComplete = null;
            lastToComplete = null;
        } finally {
            applyLock.owner = null;
            applyLock.wakeNext();
        }
        while (entry != null) {
            @Nullable Entry next = entry.nextToComplete;
            complete(entry, null);
            entry = next;
        }
    }

    private void failPending(Throwable failure) {
        @Nullable Entry entry;
        @Nullable Entry last;
        applyLock.lock();
        try {
            entry = head.next;
            last = entry;
            while (last != null) {
                head = last;
                last = last.next;
            }
            last = head;
        } finally {
            applyLock.owner = null;
            applyLock.wakeNext();
        }
        // Not further than the last one taken out: entries may have come after it.
        while (entry != null) {
            complete(entry, failure);
            entry = entry == last ? null : entry.next;
        }
    }

    private void complete(Entry entry, @Nullable Throwable failure) {
        CompletableFuture<Long> future = entry.future;
        try {
            if (future != null && failure != null) {
                future.completeExceptionally(failure);
            } else if (future != null) {
                future.complete(entry.sequence);
            }
        } catch (Throwable t) {
            // An error of the user's callback, which CompletableFuture does not catch. The others are waiting.
            logError("a callback for record " + entry.sequence + " failed", t);
        } finally {
            room.give(1);
        }
    }

    private static void logError(String what, Throwable t) {
        try {
            LOG.error(what, t);
        } catch (Throwable alsoOfLogging) {
            // As a rule there is no memory. The thread has to go on: other futures are not complete.
        }
    }
}
