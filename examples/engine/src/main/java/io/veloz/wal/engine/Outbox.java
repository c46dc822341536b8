package io.veloz.wal.engine;

import io.veloz.wal.OutputGate;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.orders.OrderLog;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The queue of messages to the venue and to clients. Every message waits in an {@link OutputGate} until its record is
 * durable, or archived. Thread-safe.
 *
 * <p>Messages leave on one thread, in the order of the log. So a cancellation never overtakes its order.
 */
final class Outbox implements OutputGate.Sink<Outbox.Message>, AutoCloseable {
    private static final int CAPACITY = 1024;

    /** How long a full outbox may be the sign of a short burst. */
    private static final Duration LONGEST_BURST = Duration.ofSeconds(2);

    private final OrderLog log;
    private final OutputGate<Message> gate;

    /** The thread of the gate while it sends a message. */
    private volatile @Nullable Thread sending;

    /** A message to the venue. The future completes when it has left, or when it will never leave. */
    static final class Message {
        private final Runnable send;
        private final CompletableFuture<Void> left = new CompletableFuture<>();

        Message(Runnable send) {
            this.send = send;
        }

        /** Runs an action once the message has left, or will never leave. */
        void whenLeft(Runnable action) {
            var unused = left.whenComplete((result, failure) -> action.run());
        }

        /** Returns once the message has left; throws the exception of the venue, or the reason why it will never leave. */
        void await() {
            try {
                left.join();
            } catch (CompletionException e) {
                throw unwrapped(e);
            }
        }

        /** Does the same as {@link #await()}, and returns false after a timeout. */
        boolean await(Duration timeout) throws InterruptedException {
            try {
                left.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
                return true;
            } catch (TimeoutException e) {
                return false;
            } catch (ExecutionException e) {
                throw unwrapped(e);
            }
        }

        private static RuntimeException unwrapped(Exception e) {
            return e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        }
    }

    private Outbox(OrderLog log, @Nullable WalShipper archive) {
        this.log = log;
        this.gate =
                archive == null ? OutputGate.durable(log.wal(), CAPACITY, this) : archive.archivedGate(CAPACITY, this);
    }

    /** Opens an outbox whose messages wait until their records are durable; archived, if the archive is not null. */
    static Outbox open(OrderLog log, @Nullable WalShipper archive) {
        return new Outbox(log, archive);
    }

    /** Appends an event, and submits the message that belongs to it. Throws as {@link OutputGate#append}. */
    Message append(LongSupplier append, Runnable send) {
        if (Thread.currentThread() == sending) {
            throw new IllegalStateException(
                    "the venue calls the engine on the thread that sends, which it would wait for; use another thread");
        }
        Message message = new Message(send);
        var unused = gate.append(append, message);
        return message;
    }

    /** Returns why no message leaves now; null if messages leave. */
    @Nullable
    String obstacle() {
        OutputGate.Status status = gate.status();
        if (status.failure() != null) {
            return "orders do not leave the engine any more: " + status.failure();
        }
        // Refused before it waits for room, which would keep the threads of an HTTP server for long.
        return status.held() >= CAPACITY && status.oldestAge().compareTo(LONGEST_BURST) > 0
                ? status.held() + " orders wait to leave the engine, the first since " + status.oldestAge()
                : null;
    }

    @Override
    public void publish(long sequence, Message message) {
        sending = Thread.currentThread();
        try {
            // The order is in the store before the venue can report on it.
            log.awaitApplied(sequence);
        } catch (RuntimeException | Error e) {
            message.left.completeExceptionally(e);
            throw e;
        }
        try {
            message.send.run();
            message.left.complete(null);
        } catch (RuntimeException e) {
            // The caller handles a failure of the venue. Later messages are not affected.
            message.left.completeExceptionally(e);
        } finally {
            sending = null;
        }
    }

    @Override
    public void discard(long sequence, Message message, Throwable cause) {
        message.left.completeExceptionally(cause);
    }

    /** Waits for the messages to leave; those whose records do not pass in time are discarded. */
    @Override
    public void close() {
        gate.close();
    }
}
